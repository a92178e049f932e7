using LlmCourse.Tokenization;
using LlmCourse.Tokenization.Chat;

namespace LlmCourse.Data;

/// <summary>
/// Makes examples into tokens, for a model of one kind. Prompt and completion are encoded as one text, as they will stand
/// before the model. Where the last letters of the prompt and the first of the completion come into one token, that token
/// belongs to the completion, so the completion is what differs from the prompt's own tokens. A completion ends with the
/// end-of-text token. Immutable.
/// </summary>
internal sealed record ExampleEncoder
{
    private const int Unlimited = 512;

    /// <summary>Of prompts and completions.</summary>
    public required PretrainedTokenizer Tokenizer { get; init; }

    /// <summary>Of an encoder–decoder's answers, where that is another one.</summary>
    public PretrainedTokenizer? AnswerTokenizer { get; init; }

    /// <summary>Whether examples go to an encoder and a decoder.</summary>
    public required bool EncoderDecoder { get; init; }

    /// <summary>Writes a conversation as the model reads it, with or without the opening of the next answer; null where the model has no template.</summary>
    public Func<IReadOnlyList<ChatMessage>, bool, string>? Render { get; init; }

    /// <summary>What ends a completion, or null.</summary>
    public required int? EosId { get; init; }

    /// <summary>What begins a text without a prompt, or null.</summary>
    public required int? BosId { get; init; }

    /// <summary>What the model (its encoder) can read, or null.</summary>
    public required int? ContextLength { get; init; }

    /// <summary>What its decoder can read, or null.</summary>
    public int? AnswerContextLength { get; init; }

    public required BatchOptions Options { get; init; }

    /// <summary>How many tokens a row may have.</summary>
    public int MaxLength => Options.MaxLength ?? ContextLength ?? Unlimited;

    /// <summary>The tokens of an example, or null where it is too long and to be left out.</summary>
    /// <exception cref="DataException">It is too long and that is refused, or it is a conversation that the model's template cannot write.</exception>
    public TokenizedExample? Encode(Example example)
    {
        if (EncoderDecoder)
            return EncodePair(example);
        (int[] ids, bool[] isLabel) = example.Messages.Count == 0 ? EncodeText(example) : EncodeChat(example, example.Messages);
        if (Options.LossOn == LossOn.Everything)
            Array.Fill(isLabel, true);
        return Keep(ids.Length, MaxLength, example) is not { } kept ? null
            : kept == ids.Length ? new TokenizedExample(ids, null, isLabel, 0)
            : new TokenizedExample(Cut(ids, kept, keepsEnd: false), null, Cut(isLabel, kept, keepsEnd: false, Leads(ids)), ids.Length - kept);
    }

    private TokenizedExample? EncodePair(Example example)
    {
        if (example.Messages.Count > 0)
            throw new DataException(Where(example), "a conversation needs a decoder-only model; give this one a prompt and a completion.");
        int[] input = Tokenizer.EncodeIds(example.Prompt), answer = WithEos((AnswerTokenizer ?? Tokenizer).EncodeIds(example.Completion));
        if (input.Length == 0)
            throw new DataException(Where(example), "the prompt has no tokens, and an encoder needs at least one.");
        if (Keep(input.Length, MaxLength, example) is not { } keptInput
            || Keep(answer.Length, Options.MaxAnswerLength ?? AnswerContextLength ?? Unlimited, example) is not { } keptAnswer)
            return null;
        return new TokenizedExample(
            Cut(input, keptInput, keepsEnd: true), Cut(answer, keptAnswer, keepsEnd: false), null,
            input.Length - keptInput + answer.Length - keptAnswer);
    }

    private (int[] Ids, bool[] IsLabel) EncodeText(Example example)
    {
        int[] prompt = Tokenizer.EncodeIds(example.Prompt), whole = Tokenizer.EncodeIds(example.Prompt + example.Completion);
        int seam = prompt.AsSpan().CommonPrefixLength(whole);
        if (seam == 0 && BosId is { } bos)
            (whole, seam) = ([bos, .. whole], 1);
        whole = WithEos(whole);
        bool[] isLabel = new bool[whole.Length];
        Array.Fill(isLabel, true, seam, whole.Length - seam);
        return (whole, isLabel);
    }

    // Where the assistant speaks is found by rendering the conversation up to each of its turns.
    private (int[] Ids, bool[] IsLabel) EncodeChat(Example example, IReadOnlyList<ChatMessage> messages)
    {
        if (Render is null)
            throw new DataException(Where(example), "it is a conversation, and the model has no chat template. Use a template that makes a prompt and a completion of it.");
        string text = Render(messages, false);
        EncodedText encoded = Tokenizer.Encode(text, addSpecialTokens: false);
        int[] ids = [.. encoded.Ids];
        bool[] isLabel = new bool[ids.Length];
        for (int turn = 0; turn < messages.Count; turn++)
        {
            if (messages[turn].Role != "assistant")
                continue;
            string before = Render([.. messages.Take(turn)], true), through = Render([.. messages.Take(turn + 1)], false);
            if (!text.StartsWith(through, StringComparison.Ordinal) || !through.StartsWith(before, StringComparison.Ordinal))
            {
                throw new DataException(
                    Where(example), $"the model's chat template writes turn {turn} differently once more turns follow, so it cannot be said which tokens the model writes. Use one example for each answer.");
            }

            Mark(encoded, ids, isLabel, before.Length, through.Length);
        }

        return (ids, isLabel);
    }

    // Every token that has a letter of the turn, up to the token that ends it: what the template writes behind that is not the model's.
    private void Mark(EncodedText encoded, int[] ids, bool[] isLabel, int start, int end)
    {
        int last = -1;
        for (int i = 0; i < ids.Length; i++)
        {
            if (encoded.Offsets[i].End <= start || encoded.Offsets[i].Start >= end || encoded.Offsets[i].Start == encoded.Offsets[i].End)
                continue;
            isLabel[i] = true;
            if (ids[i] == EosId)
                last = i;
        }

        for (int i = last + 1; last >= 0 && i < ids.Length; i++)
            isLabel[i] &= encoded.Offsets[i].Start >= end;
    }

    private int[] WithEos(int[] ids) => EosId is not { } eos || (ids.Length > 0 && ids[^1] == eos) ? ids : [.. ids, eos];

    // How many tokens are kept; null: none, the example is left out.
    private int? Keep(int length, int limit, Example example) => length <= limit ? length : Options.Truncation switch
    {
        Truncation.LeaveOut => null,
        Truncation.Refuse => throw new DataException(Where(example), $"{length} tokens, and {limit} are allowed. Choose another Truncation, or a larger MaxLength if the model can read more."),
        _ => limit,
    };

    private bool Leads(int[] ids) => Options.Truncation == Truncation.CutStart && ids[0] == BosId;

    private int[] Cut(int[] ids, int kept, bool keepsEnd) => Cut(ids, kept, keepsEnd && ids[^1] == EosId, Leads(ids));

    private T[] Cut<T>(T[] values, int kept, bool keepsEnd, bool leads)
    {
        if (kept == values.Length)
            return values;
        if (Options.Truncation == Truncation.CutStart)
            return leads ? [values[0], .. values[^(kept - 1)..]] : values[^kept..];
        return keepsEnd ? [.. values[..(kept - 1)], values[^1]] : values[..kept];
    }

    internal static string Where(Example example) => example.Source ?? $"the example \"{(example.Prompt.Length > 40 ? example.Prompt[..40] + "…" : example.Prompt)}\"";
}
