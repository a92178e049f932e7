namespace LlmCourse.Evaluation;

/// <summary>How multiple-choice questions are answered by likelihood.</summary>
public sealed record ChoiceOptions
{
    /// <summary>What the log-likelihood of an answer is divided by.</summary>
    public ChoiceNormalization Normalization { get; init; }

    /// <summary>What stands between context and answer. Unset: a blank, or nothing where the answer is a decoder's own text (encoder–decoders).</summary>
    public string? Separator { get; init; }

    /// <summary>How many answers are run at once, at least; all answers of a question are. 1 or more.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>How the interval of the accuracy is drawn.</summary>
    public BootstrapOptions Bootstrap { get; init; } = new();

    internal ChoiceOptions Validate()
    {
        if (!Enum.IsDefined(Normalization))
            throw new ArgumentOutOfRangeException(nameof(Normalization), Normalization, $"{nameof(Normalization)} is none of {nameof(ChoiceNormalization)}.");
        if (BatchSize < 1)
            throw new ArgumentOutOfRangeException(nameof(BatchSize), BatchSize, $"{nameof(BatchSize)} must be at least 1.");
        ArgumentNullException.ThrowIfNull(Bootstrap);
        Bootstrap.Validate();
        return this;
    }
}
