using LlmCourse.Evaluation.Text;
using LlmCourse.Tokenization;
using LlmCourse.Transformers;

namespace LlmCourse.Evaluation;

/// <summary>
/// Makes a context and its continuation into tokens, as the lm-evaluation-harness does (Gao et al., Biderman et al. 2024): white
/// space behind the context goes to the continuation; both are encoded as one text, and the continuation is what differs from
/// the context's own tokens; of what is too long the last tokens are kept.
/// </summary>
internal sealed record ContinuationEncoder
{
    public required PretrainedTokenizer Tokenizer { get; init; }

    /// <summary>Of an encoder–decoder's answers, where that is another one.</summary>
    public PretrainedTokenizer? AnswerTokenizer { get; init; }

    /// <summary>What starts the decoder of an encoder–decoder; null for a decoder-only model.</summary>
    public int? DecoderStartId { get; init; }

    /// <summary>What a text without anything before it is conditioned on, or null.</summary>
    public required int? FirstId { get; init; }

    /// <summary>What the encoder can read, or null.</summary>
    public int? InputLimit { get; init; }

    /// <summary>What the decoder can read, or null.</summary>
    public required int? Limit { get; init; }

    /// <exception cref="SequenceTooLongException">The continuation alone is longer than the model can read.</exception>
    /// <exception cref="ArgumentException">The continuation has no tokens, or nothing can stand before it.</exception>
    public ContinuationRow Encode(string context, string continuation)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(continuation);
        int kept = WhiteSpace.TrimEnd(context).Length;
        (context, continuation) = (context[..kept], context[kept..] + continuation);
        return DecoderStartId is { } start ? EncodePair(context, continuation, start) : EncodeText(context, continuation);
    }

    /// <summary>The tokens of a text with what stands before it, and where the text begins: 0 where nothing does.</summary>
    public (int[] Tokens, int From) EncodeWhole(string text)
    {
        (int[] lead, int[] own) = Parts(Tokenizer, text);
        int[] first = lead.Length > 0 ? lead : FirstId is { } id ? [id] : [];
        return ([.. first, .. own], first.Length);
    }

    private ContinuationRow EncodeText(string context, string continuation)
    {
        (int[] lead, int[] whole) = Parts(Tokenizer, context + continuation);
        int from = lead.Length + Parts(Tokenizer, context).Own.AsSpan().CommonPrefixLength(whole);
        int[] tokens = [.. lead, .. whole];
        if (from == 0)
        {
            int first = FirstId ?? throw new ArgumentException("Nothing stands before the continuation, and the model has no token to begin a text with: give it a context.", nameof(context));
            (tokens, from) = ([first, .. tokens], 1);
        }

        RequireTokens(tokens.Length - from, continuation, Limit);
        int cut = Limit is { } limit ? Math.Max(0, tokens.Length - limit - 1) : 0;
        return new ContinuationRow(null, tokens[cut..], from - cut, cut);
    }

    private ContinuationRow EncodePair(string context, string continuation, int start)
    {
        int[] input = Tokenizer.EncodeIds(context);
        if (input.Length == 0)
            throw new ArgumentException("The context has no tokens, and an encoder needs at least one.", nameof(context));
        int cut = InputLimit is { } limit ? Math.Max(0, input.Length - limit) : 0;
        // What the tokenizer puts in front of an answer is read, not scored; what it puts behind one is left out.
        (int[] lead, int[] own) = Parts(AnswerTokenizer ?? Tokenizer, continuation);
        RequireTokens(own.Length, continuation, Limit - lead.Length);
        return new ContinuationRow(input[cut..], [start, .. lead, .. own], 1 + lead.Length, cut);
    }

    private static void RequireTokens(int scored, string continuation, int? limit)
    {
        if (scored == 0)
            throw new ArgumentException($"The continuation '{continuation}' has no tokens.", nameof(continuation));
        if (scored > limit)
            throw new SequenceTooLongException($"The continuation has {scored} tokens, and the model can read {limit}. Score it in pieces, or as a text by Perplexity.");
    }

    /// <summary>A text's own tokens, and what the tokenizer puts in front of them; nothing where the text itself begins with that.</summary>
    private static (int[] Lead, int[] Own) Parts(PretrainedTokenizer tokenizer, string text)
    {
        int[] own = tokenizer.EncodeIds(text, addSpecialTokens: false), whole = tokenizer.EncodeIds(text);
        int at = own.Length > 0 ? whole.AsSpan().IndexOf(own) : 0;
        int[] lead = at > 0 ? whole[..at] : [];
        return own.AsSpan().StartsWith(lead) ? ([], own) : (lead, own);
    }
}
