namespace LlmCourse.Generation;

/// <summary>
/// How a text is generated. What is left unset follows the model's own generation_config.json, and where that says nothing the
/// default named here. The meaning of every number is that of Hugging Face transformers; docs/generation.md explains each.
/// </summary>
/// <remarks>
/// Immutable, so one instance may be used by several threads and requests. Values are checked when a request begins; an error
/// names the property.
/// </remarks>
public sealed record GenerationOptions
{
    /// <summary>
    /// The most tokens to generate, the prompt not counted. Wins over <see cref="MaxLength"/>. Default 256 where the model's own
    /// defaults name neither. The model's context is a limit in any case.
    /// </summary>
    public int? MaxNewTokens { get; init; }

    /// <summary>
    /// The most tokens of a whole sequence: of prompt and answer for a decoder; of the answer, with the token that starts it, for an
    /// encoder–decoder. Padding is never counted.
    /// </summary>
    public int? MaxLength { get; init; }

    /// <summary>No end of sequence before this many new tokens; wins over <see cref="MinLength"/>. Default 0.</summary>
    public int? MinNewTokens { get; init; }

    /// <summary>No end of sequence before the whole sequence is this long, counted as for <see cref="MaxLength"/>. Default 0.</summary>
    public int? MinLength { get; init; }

    /// <summary>
    /// True draws tokens at random by their probabilities, false takes the most probable one (greedy). Where it is unset, setting
    /// <see cref="Temperature"/> above 0, or any number that cuts a distribution (<see cref="TopK"/>, <see cref="TopP"/>, <see cref="MinP"/> and so
    /// on), means true, and a temperature of 0 means false. Default false.
    /// </summary>
    public bool? DoSample { get; init; }

    /// <summary>
    /// Scores are divided by it before sampling: below 1 sharpens the distribution, above 1 flattens it. 0 is greedy, whatever else
    /// is set. Default 1.
    /// </summary>
    public double? Temperature { get; init; }

    /// <summary>
    /// Sample from the k most probable tokens only; tokens that tie with the k-th are kept. 0 is off, which is the default: there
    /// is no hidden 50 as in transformers.
    /// </summary>
    public int? TopK { get; init; }

    /// <summary>
    /// Sample from the smallest set of most probable tokens whose probabilities reach p together; the token that reaches it is in
    /// the set. In (0, 1]; 1 is off, which is the default.
    /// </summary>
    public double? TopP { get; init; }

    /// <summary>
    /// Sample only tokens that have at least this share of the most probable one's probability. In [0, 1]; 0 is off, which is the default.
    /// </summary>
    public double? MinP { get; init; }

    /// <summary>
    /// Sample from the tokens whose surprise is nearest to what the distribution makes expect, until they have this mass together. In (0, 1]; 1 is
    /// off, which is the default.
    /// </summary>
    public double? TypicalP { get; init; }

    /// <summary>Sample only tokens of at least this probability; the best one in any case. In [0, 1); 0 is off, which is the default.</summary>
    public double? EpsilonCutoff { get; init; }

    /// <summary>The same, lower where the distribution is flat: min(ε, √ε · e^−entropy). In [0, 1); 0 is off, which is the default.</summary>
    public double? EtaCutoff { get; init; }

    /// <summary>Sample from the best tokens until they have this share of the entropy. In (0, 1]; 1 is off, which is the default.</summary>
    public double? TopH { get; init; }

    /// <summary>
    /// Makes tokens that stand in the prompt or the answer less likely: positive scores are divided by it, negative ones multiplied.
    /// Below 1 it makes them more likely. Default 1, off.
    /// </summary>
    public double? RepetitionPenalty { get; init; }

    /// <summary>The tokens any of which ends the answer. An empty list: none does. Default: the model's.</summary>
    public IReadOnlyList<int>? EosTokenIds { get; init; }

    /// <summary>The token that must come first, after the token which starts a decoder (mBART's language, BART's summaries).</summary>
    public int? ForcedBosTokenId { get; init; }

    /// <summary>The tokens one of which must come last if the limit is reached. An empty list overrides a default of the model.</summary>
    public IReadOnlyList<int>? ForcedEosTokenIds { get; init; }

    /// <summary>
    /// Texts that end the answer as soon as it contains one of them, also where they straddle tokens. <see cref="Completion.Text"/>
    /// is cut before the stop string. An empty list overrides a default of the model.
    /// </summary>
    public IReadOnlyList<string>? StopStrings { get; init; }

    /// <summary>Asked after every token of every row: true ends that row's answer. Must be quick; it runs between two tokens.</summary>
    public Func<PartialCompletion, bool>? StopWhen { get; init; }

    /// <summary>
    /// Makes sampling repeatable: row i of a request has the random numbers of (seed, i), whatever the batch size and the device.
    /// Unset draws a seed, which <see cref="Completion.Seed"/> tells.
    /// </summary>
    public long? Seed { get; init; }

    /// <summary>How many alternatives are recorded at each step (<see cref="Completion.Alternatives"/>). Default 0.</summary>
    public int TopAlternatives { get; init; }

    /// <summary>No n tokens in a row that stand in the prompt or the answer already (of an encoder–decoder, in the answer). 0 is off, which is the default.</summary>
    public int? NoRepeatNGramSize { get; init; }

    /// <summary>Rules about single tokens: forbidden, biased, suppressed.</summary>
    public TokenRules? Rules { get; init; }

    /// <summary>Rules of your own, applied in this order behind all others and before temperature and its like.</summary>
    public IReadOnlyList<LogitsProcessor> Processors { get; init; } = [];

    /// <summary>Classifier-free guidance, away from another prompt.</summary>
    public GuidanceOptions? Guidance { get; init; }

    /// <summary>
    /// Above 1: how many texts are followed at once, the best of which is the answer; with <see cref="DoSample"/> they are drawn. Default 1.
    /// </summary>
    public int? NumBeams { get; init; }

    /// <summary>How beams are compared, and when their search is over.</summary>
    public BeamOptions? Beams { get; init; }

    /// <summary>
    /// How many completions each prompt gets, which stand together in the result: the best beams, or as many samples. More than one greedy completion
    /// there is not. Default 1.
    /// </summary>
    public int? NumReturnSequences { get; init; }

    /// <summary>Writing faster with a draft model, or by copying from the prompt.</summary>
    public AssistedOptions? Assisted { get; init; }

    /// <summary>
    /// True refuses a request before its first token where its limit lies beyond the model's context. Default false: an answer that fills the
    /// context ends with <see cref="FinishReason.ContextLength"/>.
    /// </summary>
    public bool RefuseContextOverflow { get; init; }

    /// <summary>
    /// Keys of the model's generation_config.json to do without, such as those <see cref="UnsupportedDefaultException"/> named which have no
    /// property here.
    /// </summary>
    public IReadOnlyList<string> IgnoredDefaults { get; init; } = [];

    /// <summary>True where these options ask for sampling, false where they ask for greedy, null where they leave it open.</summary>
    internal bool? Samples =>
        Temperature == 0 ? false
        : DoSample ?? (Temperature > 0 || TopK > 0 || TopP < 1 || MinP > 0 || TypicalP < 1 || EpsilonCutoff > 0 || EtaCutoff > 0 || TopH < 1 ? true : null);

    internal void Validate()
    {
        Require(MaxNewTokens is null or > 0, nameof(MaxNewTokens), MaxNewTokens, "at least 1");
        Require(MaxLength is null or > 0, nameof(MaxLength), MaxLength, "at least 1");
        Require(MinNewTokens is null or >= 0, nameof(MinNewTokens), MinNewTokens, "at least 0");
        Require(MinLength is null or >= 0, nameof(MinLength), MinLength, "at least 0");
        Require(MinNewTokens is null || MaxNewTokens is null || MinNewTokens <= MaxNewTokens,
            nameof(MinNewTokens), MinNewTokens, "at most MaxNewTokens");
        Require(MinLength is null || MaxLength is null || MaxNewTokens is not null || MinLength <= MaxLength,
            nameof(MinLength), MinLength, "at most MaxLength");
        Require(Temperature is null || IsTemperature(Temperature.Value), nameof(Temperature), Temperature, "a finite number, 0 (greedy) or more");
        Require(TopK is null or >= 0, nameof(TopK), TopK, "0 (off) or more");
        Require(TopP is null || IsTopP(TopP.Value), nameof(TopP), TopP, "above 0 and at most 1 (off)");
        Require(RepetitionPenalty is null || IsPenalty(RepetitionPenalty.Value),
            nameof(RepetitionPenalty), RepetitionPenalty, "a finite number above 0 (1 is off)");
        Require(TopAlternatives >= 0, nameof(TopAlternatives), TopAlternatives, "at least 0");
        Require(StopStrings is null || StopStrings.All(text => !string.IsNullOrEmpty(text)),
            nameof(StopStrings), "an empty text", "made of texts that are not empty");
        Require(IgnoredDefaults is not null, nameof(IgnoredDefaults), null, "a list, which may be empty");
        Require(MinP is null || IsShare(MinP.Value), nameof(MinP), MinP, "at least 0 (off) and at most 1");
        Require(TypicalP is null || IsTopP(TypicalP.Value), nameof(TypicalP), TypicalP, "above 0 and at most 1 (off)");
        Require(EpsilonCutoff is null || IsCutoff(EpsilonCutoff.Value), nameof(EpsilonCutoff), EpsilonCutoff, "at least 0 (off) and below 1");
        Require(EtaCutoff is null || IsCutoff(EtaCutoff.Value), nameof(EtaCutoff), EtaCutoff, "at least 0 (off) and below 1");
        Require(TopH is null || IsTopP(TopH.Value), nameof(TopH), TopH, "above 0 and at most 1 (off)");
        Require(NoRepeatNGramSize is null or >= 0, nameof(NoRepeatNGramSize), NoRepeatNGramSize, "0 (off) or more");
        Require(NumBeams is null or > 0, nameof(NumBeams), NumBeams, "at least 1");
        Require(NumReturnSequences is null or > 0, nameof(NumReturnSequences), NumReturnSequences, "at least 1");
        Require(Processors is not null && Processors.All(processor => processor is not null), nameof(Processors), null, "a list without null, which may be empty");
        ValidateParts();
    }

    private void ValidateParts()
    {
        Require(Rules?.EncoderRepetitionPenalty is null || IsPenalty(Rules.EncoderRepetitionPenalty.Value),
            nameof(TokenRules.EncoderRepetitionPenalty), Rules?.EncoderRepetitionPenalty, "a finite number above 0 (1 is off)");
        Require(Rules?.EncoderNoRepeatNGramSize is null or >= 0,
            nameof(TokenRules.EncoderNoRepeatNGramSize), Rules?.EncoderNoRepeatNGramSize, "0 (off) or more");
        Require(Rules?.ExponentialDecayLengthPenalty is null || IsDecay(Rules.ExponentialDecayLengthPenalty),
            nameof(TokenRules.ExponentialDecayLengthPenalty), Rules?.ExponentialDecayLengthPenalty, "a start of 0 or more and a finite factor above 0 (1 is off)");
        Require(Rules?.SequenceBias is null || Rules.SequenceBias.All(entry => entry is { Tokens.Count: > 0 } && IsBias(entry.Bias)),
            nameof(TokenRules.SequenceBias), "an entry without tokens or bias", "made of sequences of at least one token with finite numbers or −∞");
        Require(Rules?.BadWordsIds is null || Rules.BadWordsIds.All(word => word is { Count: > 0 }),
            nameof(TokenRules.BadWordsIds), "an empty sequence", "made of sequences of at least one token");
        Require(Guidance?.Scale is null || double.IsFinite(Guidance.Scale.Value), nameof(GuidanceOptions.Scale), Guidance?.Scale, "a finite number (1 is off)");
        Require(Guidance?.NegativePromptIds is null or { Count: > 0 }, nameof(GuidanceOptions.NegativePromptIds), "an empty list", "of at least one token");
        Require(Beams?.LengthPenalty is null || double.IsFinite(Beams.LengthPenalty.Value), nameof(BeamOptions.LengthPenalty), Beams?.LengthPenalty, "a finite number");
        Require(Beams?.EarlyStopping is null || Enum.IsDefined(Beams.EarlyStopping.Value), nameof(BeamOptions.EarlyStopping), Beams?.EarlyStopping, "one of its names");
        if (Assisted is null)
            return;
        Require(Assisted.PromptLookupTokens >= 0, nameof(AssistedOptions.PromptLookupTokens), Assisted.PromptLookupTokens, "0 (off) or more");
        Require(Assisted.MaxMatchingNGramSize > 0, nameof(AssistedOptions.MaxMatchingNGramSize), Assisted.MaxMatchingNGramSize, "at least 1");
        Require(Assisted.DraftTokens > 0, nameof(AssistedOptions.DraftTokens), Assisted.DraftTokens, "at least 1");
        Require(IsCutoff(Assisted.ConfidenceThreshold), nameof(AssistedOptions.ConfidenceThreshold), Assisted.ConfidenceThreshold, "at least 0 (off) and below 1");
        Require((Assisted.Draft is null) != (Assisted.PromptLookupTokens == 0),
            nameof(Assisted), Assisted, "a draft model or a number of tokens to look up in the prompt, and not both");
    }

    internal static bool IsTemperature(double value) => double.IsFinite(value) && value >= 0;

    internal static bool IsTopP(double value) => value is > 0 and <= 1;

    internal static bool IsShare(double value) => value is >= 0 and <= 1;

    internal static bool IsCutoff(double value) => value is >= 0 and < 1;

    internal static bool IsBias(double value) => double.IsFinite(value) || double.IsNegativeInfinity(value);

    internal static bool IsDecay(ExponentialDecay decay) => decay.Start >= 0 && IsPenalty(decay.Factor);

    internal static bool IsPenalty(double value) => double.IsFinite(value) && value > 0;

    private static void Require(bool holds, string property, object? value, string expectation)
    {
        if (!holds)
            throw new ArgumentOutOfRangeException(property, value, $"{property} must be {expectation}.");
    }
}
