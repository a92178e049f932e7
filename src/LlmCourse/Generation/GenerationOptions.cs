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

    /// <summary>No end of sequence before this many new tokens. Default 0.</summary>
    public int? MinNewTokens { get; init; }

    /// <summary>No end of sequence before the whole sequence is this long, counted as for <see cref="MaxLength"/>. Default 0.</summary>
    public int? MinLength { get; init; }

    /// <summary>
    /// True draws tokens at random by their probabilities, false takes the most probable one (greedy). Where it is unset, setting
    /// <see cref="Temperature"/> above 0, <see cref="TopK"/> above 0 or <see cref="TopP"/> below 1 means true, and a temperature of 0
    /// means false. Default false.
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
    /// Makes tokens that stand in the prompt or the answer less likely: positive scores are divided by it, negative ones multiplied.
    /// Below 1 it makes them more likely. Default 1, off.
    /// </summary>
    public double? RepetitionPenalty { get; init; }

    /// <summary>The tokens any of which ends the answer. An empty list: none does. Default: the model's.</summary>
    public IReadOnlyList<int>? EosTokenIds { get; init; }

    /// <summary>The token that fills up finished rows where a rectangle of ids is asked for. Default: the model's, else its first end of sequence.</summary>
    public int? PadTokenId { get; init; }

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

    /// <summary>Beam search is not supported yet: only 1 is, which overrides beams in the model's defaults.</summary>
    public int? NumBeams { get; init; }

    /// <summary>Blocking repeated n-grams is not supported yet: only 0 (off) is, which overrides the model's default.</summary>
    public int? NoRepeatNGramSize { get; init; }

    /// <summary>
    /// Keys of the model's generation_config.json to do without, where <see cref="UnsupportedDefaultException"/> named them and they
    /// have no property here.
    /// </summary>
    public IReadOnlyList<string> IgnoredDefaults { get; init; } = [];

    /// <summary>True where these options ask for sampling, false where they ask for greedy, null where they leave it open.</summary>
    internal bool? Samples =>
        Temperature == 0 ? false
        : DoSample ?? (Temperature > 0 || TopK > 0 || TopP < 1 ? true : null);

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
        if (NumBeams is not (null or 1))
            throw new NotSupportedException($"{nameof(NumBeams)} = {NumBeams}: beam search is not supported yet, only 1 is.");
        if (NoRepeatNGramSize is not (null or 0))
            throw new NotSupportedException($"{nameof(NoRepeatNGramSize)} = {NoRepeatNGramSize}: blocking repeated n-grams is not supported yet, only 0 is.");
    }

    internal static bool IsTemperature(double value) => double.IsFinite(value) && value >= 0;

    internal static bool IsTopP(double value) => value is > 0 and <= 1;

    internal static bool IsPenalty(double value) => double.IsFinite(value) && value > 0;

    private static void Require(bool holds, string property, object? value, string expectation)
    {
        if (!holds)
            throw new ArgumentOutOfRangeException(property, value, $"{property} must be {expectation}.");
    }
}
