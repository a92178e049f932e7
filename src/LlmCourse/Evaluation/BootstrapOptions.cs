namespace LlmCourse.Evaluation;

/// <summary>How often and how examples are drawn anew.</summary>
public sealed record BootstrapOptions
{
    /// <summary>How many samples of the size of the original are drawn, with replacement; 1 to 1,000,000.</summary>
    public int Resamples { get; init; } = 1000;

    /// <summary>The share of the samples which the interval covers, its tails equal; above 0 and below 1.</summary>
    public double Confidence { get; init; } = 0.95;

    /// <summary>The same seed draws the same examples, whatever is measured on them.</summary>
    public long Seed { get; init; }

    internal void Validate()
    {
        if (Resamples is < 1 or > 1_000_000)
            throw new ArgumentOutOfRangeException(nameof(Resamples), Resamples, $"{nameof(Resamples)} must be between 1 and 1,000,000.");
        if (!(Confidence > 0 && Confidence < 1))
            throw new ArgumentOutOfRangeException(nameof(Confidence), Confidence, $"{nameof(Confidence)} must be above 0 and below 1, as in 0.95.");
    }
}
