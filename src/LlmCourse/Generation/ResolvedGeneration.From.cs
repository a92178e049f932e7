namespace LlmCourse.Generation;

/// <content>Where each setting comes from.</content>
internal sealed partial record ResolvedGeneration
{
    /// <summary>Merges what the caller wants with what the model says.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="UnsupportedDefaultException">A default of the model cannot be honoured and is not overridden.</exception>
    public static ResolvedGeneration From(GenerationOptions? options, GenerationDefaults defaults, int vocabularySize, int? contextLength = null)
    {
        options ??= new GenerationOptions();
        options.Validate();
        defaults = defaults.Without(options.IgnoredDefaults);
        bool samples = (options.Samples ?? defaults.DoSample ?? false) && (options.Temperature ?? defaults.Temperature) != 0;
        int beams = options.NumBeams ?? defaults.NumBeams ?? 1;
        RefuseUnsupported(options, defaults, samples, beams > 1);

        bool callerLimits = options.MaxNewTokens is not null || options.MaxLength is not null;
        int? maxNew = callerLimits ? options.MaxNewTokens : defaults.MaxNewTokens;
        int? maxLength = callerLimits ? options.MaxLength : defaults.MaxLength;
        bool callerMinimum = options.MinNewTokens is not null || options.MinLength is not null;
        int? minNew = callerMinimum ? options.MinNewTokens : defaults.MinNewTokens;

        // An end of sequence the model cannot produce ends nothing; only the caller's own mistake is worth an error.
        IReadOnlyList<int> eos = options.EosTokenIds is { } own
            ? Known(own, nameof(options.EosTokenIds), vocabularySize)
            : [.. (defaults.EosTokenIds ?? []).Where(id => id < vocabularySize)];
        TokenRules rules = options.Rules ?? new(), model = defaults.Rules;
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
            MinP = options.MinP ?? defaults.MinP ?? 0,
            TypicalP = options.TypicalP ?? defaults.TypicalP ?? 1,
            EpsilonCutoff = options.EpsilonCutoff ?? defaults.EpsilonCutoff ?? 0,
            EtaCutoff = options.EtaCutoff ?? defaults.EtaCutoff ?? 0,
            TopH = options.TopH ?? defaults.TopH ?? 1,
            NoRepeatNGramSize = options.NoRepeatNGramSize ?? defaults.NoRepeatNGramSize ?? 0,
            EncoderNoRepeatNGramSize = rules.EncoderNoRepeatNGramSize ?? model.EncoderNoRepeatNGramSize ?? 0,
            EncoderRepetitionPenalty = rules.EncoderRepetitionPenalty ?? model.EncoderRepetitionPenalty ?? 1,
            BadWordsIds = [.. BadWords(rules.BadWordsIds, model.BadWordsIds, vocabularySize).Where(word => word.Count > 1 || !eos.Contains(word[0]))],
            SequenceBias = Biases(rules.SequenceBias, model.SequenceBias, vocabularySize),
            SuppressTokens = Listed(rules.SuppressTokens, model.SuppressTokens, nameof(TokenRules.SuppressTokens), vocabularySize),
            BeginSuppressTokens = Listed(rules.BeginSuppressTokens, model.BeginSuppressTokens, nameof(TokenRules.BeginSuppressTokens), vocabularySize),
            ExponentialDecay = (rules.ExponentialDecayLengthPenalty ?? model.ExponentialDecayLengthPenalty) is { Factor: not 1 } decay ? decay : null,
            RemoveInvalidValues = rules.RemoveInvalidValues ?? model.RemoveInvalidValues ?? false,
            RenormalizeLogits = rules.RenormalizeLogits ?? model.RenormalizeLogits ?? false,
            Processors = options.Processors,
            GuidanceScale = Guided(options, defaults),
            NegativePrompt = options.Guidance?.NegativePromptIds is { } negative ? Known(negative, nameof(GuidanceOptions.NegativePromptIds), vocabularySize) : null,
            Beams = NumBeams(beams, options, vocabularySize),
            LengthPenalty = options.Beams?.LengthPenalty ?? defaults.Beams.LengthPenalty ?? 1,
            EarlyStopping = options.Beams?.EarlyStopping ?? defaults.Beams.EarlyStopping ?? EarlyStopping.False,
            Returned = NumReturned(options, defaults, beams, samples),
            Assisted = options.Assisted,
            RefuseContextOverflow = options.RefuseContextOverflow,
            EosTokenIds = [.. eos.Distinct()],
            ForcedBosTokenId = forcedBos,
            ForcedEosTokenIds = Known(options.ForcedEosTokenIds ?? defaults.ForcedEosTokenIds ?? [], nameof(options.ForcedEosTokenIds), vocabularySize),
            StopStrings = options.StopStrings ?? defaults.StopStrings ?? [],
            StopWhen = options.StopWhen,
            Seed = options.Seed ?? Random.Shared.NextInt64(),
            TopAlternatives = Math.Min(options.TopAlternatives, vocabularySize),
            MaxNewTokens = maxNew ?? (maxLength is null ? DefaultNewTokens : null),
            MaxLength = maxLength ?? int.MaxValue,
            MinNewTokens = minNew ?? 0,
            MinLength = minNew is not null ? 0 : (callerMinimum ? options.MinLength : defaults.MinLength) ?? 0,
            ContextLength = contextLength,
            LimitName = callerLimits ? nameof(options.MaxLength) : "max_length in the model's generation_config.json",
        };
    }

    private static void RefuseUnsupported(GenerationOptions options, GenerationDefaults defaults, bool samples, bool beams)
    {
        DefaultRefusal[] concerned = [.. defaults.Refusals.Where(refusal => refusal.Concerns(options, samples, beams))];
        if (concerned.Length == 0)
            return;
        throw new UnsupportedDefaultException(
            "The model's own defaults cannot be followed: " + string.Join("; ", concerned.Select(refusal => refusal.Found))
            + ". Override each in GenerationOptions by its property, or name the key in IgnoredDefaults: "
            + string.Join(", ", concerned.Select(refusal => '"' + refusal.Key + '"')) + ".");
    }

    private static double Guided(GenerationOptions options, GenerationDefaults defaults)
    {
        double scale = options.Guidance?.Scale ?? defaults.GuidanceScale ?? 1;
        return scale == 1 || options.Assisted is null ? scale
            : throw new NotSupportedException($"{nameof(options.Guidance)} cannot be combined with {nameof(options.Assisted)}: a draft is made without it. Set one of them.");
    }

    private static int NumBeams(int beams, GenerationOptions options, int vocabularySize)
    {
        if (beams > 1 && options.Assisted is not null)
            throw new NotSupportedException($"{nameof(options.NumBeams)} = {beams} cannot be combined with {nameof(options.Assisted)}: beams are not drafted. Set {nameof(options.NumBeams)} to 1, or no {nameof(options.Assisted)}.");
        return beams <= vocabularySize ? beams
            : throw Refused(nameof(options.NumBeams), beams, $"{nameof(options.NumBeams)} is {beams}, and a vocabulary of {vocabularySize} tokens has no more than that many ways to begin.");
    }

    // What the model returns by default is no mistake of a caller who asks for fewer beams, or none.
    private static int NumReturned(GenerationOptions options, GenerationDefaults defaults, int beams, bool samples)
    {
        int most = beams > 1 ? beams : samples ? int.MaxValue : 1;
        if (options.NumReturnSequences is not { } wanted)
            return Math.Min(defaults.NumReturnSequences ?? 1, most);
        return wanted <= most ? wanted : throw Refused(nameof(options.NumReturnSequences), wanted, beams > 1
            ? $"{nameof(options.NumReturnSequences)} is {wanted}, and {beams} beams ({nameof(options.NumBeams)}) end in no more than that many texts."
            : $"{nameof(options.NumReturnSequences)} is {wanted}, and there is one greedy completion: set a {nameof(options.Temperature)}, or {nameof(options.NumBeams)}.");
    }

    // A rule of the model about a token that it does not have forbids nothing; only the caller's own mistake is worth an error.
    private static IReadOnlyList<int> Listed(IReadOnlyList<int>? own, IReadOnlyList<int>? model, string property, int vocabularySize) =>
        own is not null ? Known(own, property, vocabularySize) : [.. (model ?? []).Where(id => id < vocabularySize)];

    private static IReadOnlyList<IReadOnlyList<int>> BadWords(
        IReadOnlyList<IReadOnlyList<int>>? own, IReadOnlyList<IReadOnlyList<int>>? model, int vocabularySize) => own is not null
            ? [.. own.Select(word => Known(word, nameof(TokenRules.BadWordsIds), vocabularySize))]
            : [.. (model ?? []).Where(word => word.All(id => id < vocabularySize))];

    // Of a sequence that is listed twice the last bias counts, as in transformers.
    private static IReadOnlyList<SequenceBias> Biases(IReadOnlyList<SequenceBias>? own, IReadOnlyList<SequenceBias>? model, int vocabularySize)
    {
        foreach (SequenceBias entry in own ?? [])
            Known(entry.Tokens, nameof(TokenRules.SequenceBias), vocabularySize);
        IEnumerable<SequenceBias> all = (own ?? model ?? []).Where(entry => entry.Tokens.All(id => id < vocabularySize));
        return [.. all.GroupBy(entry => string.Join(',', entry.Tokens)).Select(same => same.Last())];
    }

    private static ArgumentOutOfRangeException Refused(string property, int value, string message) => new(property, value, message);

    private static IReadOnlyList<int> Known(IReadOnlyList<int> ids, string property, int vocabularySize)
    {
        foreach (int id in ids)
        {
            if (id < 0 || id >= vocabularySize)
                throw Refused(property, id, $"{property} names the token {id}; the vocabulary has {vocabularySize} tokens.");
        }

        return ids;
    }
}
