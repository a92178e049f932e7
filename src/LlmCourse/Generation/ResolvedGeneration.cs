namespace LlmCourse.Generation;

/// <summary>The options of one request after the model's defaults and the library's own: nothing is open any more.</summary>
internal sealed record ResolvedGeneration
{
    /// <summary>The limit where neither the caller nor the model names one.</summary>
    public const int DefaultNewTokens = 256;

    public bool Samples { get; private init; }
    public double Temperature { get; private init; } = 1;

    /// <summary>0 is off.</summary>
    public int TopK { get; private init; }

    /// <summary>1 is off.</summary>
    public double TopP { get; private init; } = 1;

    /// <summary>1 is off.</summary>
    public double RepetitionPenalty { get; private init; } = 1;

    public IReadOnlyList<int> EosTokenIds { get; private init; } = [];
    public int PadTokenId { get; private init; }
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

    /// <summary>The file's key for the limit, or the option's name, for messages.</summary>
    private string LimitName { get; init; } = nameof(GenerationOptions.MaxLength);

    /// <summary>Merges what the caller wants with what the model says.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="NotSupportedException">An option asks for something that does not exist yet.</exception>
    /// <exception cref="UnsupportedDefaultException">A default of the model cannot be honoured and is not overridden.</exception>
    public static ResolvedGeneration From(GenerationOptions? options, GenerationDefaults defaults, int vocabularySize, int? contextLength = null)
    {
        options ??= new GenerationOptions();
        options.Validate();
        bool samples = (options.Samples ?? defaults.DoSample ?? false) && (options.Temperature ?? defaults.Temperature) != 0;
        RefuseUnsupported(options, defaults, samples);

        bool callerLimits = options.MaxNewTokens is not null || options.MaxLength is not null;
        int? maxNew = callerLimits ? options.MaxNewTokens : defaults.MaxNewTokens;
        int? maxLength = callerLimits ? options.MaxLength : defaults.MaxLength;

        // An end of sequence the model cannot produce ends nothing; only the caller's own mistake is worth an error.
        IReadOnlyList<int> eos = options.EosTokenIds is { } own
            ? Known(own, nameof(options.EosTokenIds), vocabularySize)
            : [.. (defaults.EosTokenIds ?? []).Where(id => id < vocabularySize)];
        int? pad = options.PadTokenId is { } chosen
            ? Known([chosen], nameof(options.PadTokenId), vocabularySize)[0]
            : defaults.PadTokenId is { } given && given < vocabularySize ? given : null;
        int? forcedBos = options.ForcedBosTokenId ?? defaults.ForcedBosTokenId;
        if (forcedBos is { } bos)
            Known([bos], nameof(options.ForcedBosTokenId), vocabularySize);

        return new ResolvedGeneration
        {
            Samples = samples,
            Temperature = options.Temperature ?? defaults.Temperature ?? 1,
            TopK = options.TopK ?? defaults.TopK ?? 0,
            TopP = options.TopP ?? defaults.TopP ?? 1,
            RepetitionPenalty = options.RepetitionPenalty ?? defaults.RepetitionPenalty ?? 1,
            EosTokenIds = [.. eos.Distinct()],
            PadTokenId = pad ?? (eos.Count > 0 ? eos[0] : 0),
            ForcedBosTokenId = forcedBos,
            ForcedEosTokenIds = Known(options.ForcedEosTokenIds ?? defaults.ForcedEosTokenIds ?? [], nameof(options.ForcedEosTokenIds), vocabularySize),
            StopStrings = options.StopStrings ?? defaults.StopStrings ?? [],
            StopWhen = options.StopWhen,
            Seed = options.Seed ?? Random.Shared.NextInt64(),
            TopAlternatives = Math.Min(options.TopAlternatives, vocabularySize),
            MaxNewTokens = maxNew ?? (maxLength is null ? DefaultNewTokens : null),
            MaxLength = maxLength ?? int.MaxValue,
            MinNewTokens = options.MinNewTokens ?? defaults.MinNewTokens ?? 0,
            MinLength = options.MinLength ?? defaults.MinLength ?? 0,
            ContextLength = contextLength,
            LimitName = callerLimits ? nameof(options.MaxLength) : "max_length in the model's generation_config.json",
        };
    }

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

        return (int)Math.Min(wanted, left ?? int.MaxValue);
    }

    /// <summary>The length before which a sequence may not end.</summary>
    public int MinLengthFor(int promptLength) => (int)Math.Max(MinLength, Math.Min((long)promptLength + MinNewTokens, int.MaxValue));

    /// <summary>Why a sequence ends which reaches <see cref="MaxLengthFor"/>.</summary>
    public FinishReason LimitReason(int promptLength, int virtualTokens = 0) =>
        (MaxNewTokens is { } count ? (long)promptLength + count : MaxLength) <= MaxLengthFor(promptLength, virtualTokens)
            ? FinishReason.MaxTokens
            : FinishReason.ContextLength;

    private static void RefuseUnsupported(GenerationOptions options, GenerationDefaults defaults, bool samples)
    {
        DefaultRefusal[] concerned = [.. defaults.Refusals.Where(refusal => refusal.Concerns(options, samples))];
        if (concerned.Length == 0)
            return;
        throw new UnsupportedDefaultException(
            "The model's own defaults cannot be followed: " + string.Join("; ", concerned.Select(refusal => refusal.Found))
            + ". Override each in GenerationOptions by its property, or name the key in IgnoredDefaults: "
            + string.Join(", ", concerned.Select(refusal => '"' + refusal.Key + '"')) + ".");
    }

    private static IReadOnlyList<int> Known(IReadOnlyList<int> ids, string property, int vocabularySize)
    {
        foreach (int id in ids)
        {
            if (id < 0 || id >= vocabularySize)
                throw new ArgumentOutOfRangeException(property, id, $"{property} names the token {id}; the vocabulary has {vocabularySize} tokens.");
        }

        return ids;
    }
}
