namespace LlmCourse.Training;

/// <summary>Where training stands behind a step.</summary>
public sealed record TrainingProgress
{
    /// <summary>Steps done, from 1.</summary>
    public required long Step { get; init; }

    /// <summary>Steps there will be, or null where nobody can know.</summary>
    public required long? TotalSteps { get; init; }

    /// <summary>The epoch the step was in, from 0.</summary>
    public required int Epoch { get; init; }

    /// <summary>The mean loss of the step's terms, before the step.</summary>
    public required double Loss { get; init; }

    /// <summary>The loss as an exponential mean over about ten steps.</summary>
    public required double SmoothedLoss { get; init; }

    /// <summary>The learning rate of the step.</summary>
    public required double LearningRate { get; init; }

    /// <summary>The L2 norm of the gradient of the mean loss, before clipping.</summary>
    public required double GradientNorm { get; init; }

    /// <summary>Tokens read so far.</summary>
    public required long Tokens { get; init; }

    /// <summary>Tokens read a second in this run, pauses for validation and checkpoints included.</summary>
    public required double TokensPerSecond { get; init; }

    /// <summary>The memory the process has resident, in bytes.</summary>
    public required long ResidentBytes { get; init; }

    /// <summary>How long it has been trained, earlier runs included.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>How long it will take from here, or null where nobody can know.</summary>
    public required TimeSpan? Remaining { get; init; }

    /// <summary>More figures of the step by name.</summary>
    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    /// <summary>What validation behind this step said, or null where there was none.</summary>
    public IReadOnlyDictionary<string, double>? Validation { get; init; }
}
