namespace LlmCourse.Generation;

/// <summary>How the beams of <see cref="GenerationOptions.NumBeams"/> are compared. What is unset follows the model's generation_config.json.</summary>
public sealed record BeamOptions
{
    /// <summary>
    /// A finished text scores the sum of its log-probabilities / (its new tokens ^ this): 0 is the sum, 1 the mean; the larger, the
    /// more long texts are favoured. Below 0 short ones are. Default 1.
    /// </summary>
    public double? LengthPenalty { get; init; }

    /// <summary>When the search is over. Default <see cref="Generation.EarlyStopping.False"/>.</summary>
    public EarlyStopping? EarlyStopping { get; init; }
}
