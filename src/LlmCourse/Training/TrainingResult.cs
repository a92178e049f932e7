using LlmCourse.Data;

namespace LlmCourse.Training;

/// <summary>How training went.</summary>
public sealed record TrainingResult
{
    /// <summary>Every step of this run.</summary>
    public required IReadOnlyList<TrainingProgress> History { get; init; }

    /// <summary>Steps, those of earlier runs that this one went on from included.</summary>
    public required long Steps { get; init; }

    /// <summary>Tokens read, likewise.</summary>
    public required long Tokens { get; init; }

    /// <summary>Time spent, likewise.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Why it ended.</summary>
    public required StopReason Reason { get; init; }

    /// <summary>The step whose validation was best, and its value; null where there was no validation.</summary>
    public (long Step, double Value)? Best { get; init; }

    /// <summary>What became of the examples; null where there were none.</summary>
    public DataReport? Data { get; init; }
}
