namespace LlmCourse.Generation;

/// <summary>The options of one request after the model's defaults and the library's own: nothing is open any more.</summary>
internal sealed partial record ResolvedGeneration
{
    /// <summary>The limit where neither the caller nor the model names one.</summary>
    public const int DefaultNewTokens = 256;

    public bool Samples { get; private init; }
    public double Temperature { get; private init; } = 1;

    /// <summary>0 is off.</summary>
    public int TopK { get; private init; }

    /// <summary>1 is off.</summary>
    public double TopP { get; private init; } = 1;

    /// <summary>0 is off.</summary>
    public double MinP { get; private init; }

    /// <summary>1 is off.</summary>
    public double TypicalP { get; private init; } = 1;

    /// <summary>0 is off.</summary>
    public double EpsilonCutoff { get; private init; }

    /// <summary>0 is off.</summary>
    public double EtaCutoff { get; private init; }

    /// <summary>1 is off.</summary>
    public double TopH { get; private init; } = 1;

    /// <summary>Whether a warper is in use that looks at probabilities of the whole vocabulary.</summary>
    public bool WarpsWholeVocabulary => TypicalP < 1 || EpsilonCutoff > 0 || EtaCutoff > 0 || TopH < 1;

    /// <summary>1 is off.</summary>
    public double RepetitionPenalty { get; private init; } = 1;

    /// <summary>0 is off.</summary>
    public int NoRepeatNGramSize { get; private init; }

    /// <summary>0 is off.</summary>
    public int EncoderNoRepeatNGramSize { get; private init; }

    /// <summary>1 is off.</summary>
    public double EncoderRepetitionPenalty { get; private init; } = 1;

    public IReadOnlyList<IReadOnlyList<int>> BadWordsIds { get; private init; } = [];
    public IReadOnlyList<SequenceBias> SequenceBias { get; private init; } = [];
    public IReadOnlyList<int> SuppressTokens { get; private init; } = [];
    public IReadOnlyList<int> BeginSuppressTokens { get; private init; } = [];

    /// <summary>Null is off.</summary>
    public ExponentialDecay? ExponentialDecay { get; private init; }

    public bool RemoveInvalidValues { get; private init; }
    public bool RenormalizeLogits { get; private init; }
    public IReadOnlyList<LogitsProcessor> Processors { get; private init; } = [];

    /// <summary>1 is off.</summary>
    public double GuidanceScale { get; private init; } = 1;

    /// <summary>What guidance keeps away from; null for the last token of a decoder's prompt.</summary>
    public IReadOnlyList<int>? NegativePrompt { get; private init; }

    /// <summary>1 is greedy or sampling.</summary>
    public int Beams { get; private init; } = 1;

    public double LengthPenalty { get; private init; } = 1;
    public EarlyStopping EarlyStopping { get; private init; }

    /// <summary>How many completions a prompt gets.</summary>
    public int Returned { get; private init; } = 1;

    public AssistedOptions? Assisted { get; private init; }

    public IReadOnlyList<int> EosTokenIds { get; private init; } = [];
    public int? ForcedBosTokenId { get; private init; }
    public IReadOnlyList<int> ForcedEosTokenIds { get; private init; } = [];
    public IReadOnlyList<string> StopStrings { get; private init; } = [];
    public Func<PartialCompletion, bool>? StopWhen { get; private init; }
    public long Seed { get; private init; }
    public int TopAlternatives { get; private init; }

    /// <summary>The limit on new tokens; null where <see cref="MaxLength"/> counts.</summary>
    public int? MaxNewTokens { get; private init; }
    public int MaxLength { get; private init; }
    public int MinNewTokens { get; private init; }
    public int MinLength { get; private init; }

    /// <summary>How many positions the model has; null where it has no limit.</summary>
    public int? ContextLength { get; private init; }

    /// <summary>Whether a limit beyond the context is an error.</summary>
    public bool RefuseContextOverflow { get; private init; }

    /// <summary>The file's key for the limit, or the option's name, for messages.</summary>
    private string LimitName { get; init; } = nameof(GenerationOptions.MaxLength);

    /// <summary>The length at which a sequence is full.</summary>
    /// <param name="promptLength">Its tokens before the answer, without padding: the prompt of a decoder, or the start token of an encoder–decoder.</param>
    /// <param name="virtualTokens">How many virtual tokens stand in front of it: they take positions and do not count otherwise.</param>
    /// <exception cref="PromptTooLongException">Nothing could be generated.</exception>
    public int MaxLengthFor(int promptLength, int virtualTokens = 0)
    {
        int? left = ContextLength - virtualTokens;
        if (promptLength >= left)
        {
            string beside = virtualTokens == 0 ? "" : $", of which a soft prompt takes {virtualTokens}";
            throw new PromptTooLongException(
                $"The prompt has {promptLength} tokens and the model's context {ContextLength}{beside}: nothing can be generated. Shorten the prompt.");
        }

        long wanted = MaxNewTokens is { } count ? (long)promptLength + count : MaxLength;
        if (wanted <= promptLength)
        {
            throw new PromptTooLongException(
                $"{LimitName} = {MaxLength} counts the prompt, which has {promptLength} tokens: nothing can be generated. Set MaxNewTokens, or a larger MaxLength.");
        }

        if (RefuseContextOverflow && wanted > left)
        {
            throw new PromptTooLongException(
                $"The prompt has {promptLength} tokens and would grow to {wanted}, beyond what the model's context of {ContextLength} has room for ({left}). "
                + $"Shorten the prompt, lower {nameof(GenerationOptions.MaxNewTokens)}, or let {nameof(GenerationOptions.RefuseContextOverflow)} be false.");
        }

        return (int)Math.Min(wanted, left ?? int.MaxValue);
    }

    /// <summary>Refuses a negative prompt behind which the answer to another prompt would not fit.</summary>
    /// <exception cref="PromptTooLongException">It is too long.</exception>
    public void RequireRoomFor(int negativeLength, int promptLength, int virtualTokens)
    {
        int answer = MaxLengthFor(promptLength, virtualTokens) - promptLength;
        if ((long)negativeLength + answer > ContextLength - virtualTokens)
        {
            throw new PromptTooLongException(
                $"The negative prompt has {negativeLength} tokens, and {answer} of an answer do not fit behind it into the context of {ContextLength}: shorten it, or lower {nameof(GenerationOptions.MaxNewTokens)}.");
        }
    }

    /// <summary>Whether behind a prompt there is room for an answer as long as is asked for, or for half of the context if that is less.</summary>
    public bool HasRoom(int promptLength, int virtualTokens)
    {
        int left = (ContextLength ?? int.MaxValue) - virtualTokens;
        return MaxNewTokens is { } count ? promptLength <= left - Math.Min(count, left / 2) : promptLength < Math.Min(MaxLength, left);
    }

    /// <summary>The length before which a sequence may not end.</summary>
    public int MinLengthFor(int promptLength) => (int)Math.Max(MinLength, Math.Min((long)promptLength + MinNewTokens, int.MaxValue));

    /// <summary>Why a sequence ends which reaches <see cref="MaxLengthFor"/>.</summary>
    public FinishReason LimitReason(int promptLength, int virtualTokens = 0) =>
        (MaxNewTokens is { } count ? (long)promptLength + count : MaxLength) <= MaxLengthFor(promptLength, virtualTokens)
            ? FinishReason.MaxTokens
            : FinishReason.ContextLength;
}
