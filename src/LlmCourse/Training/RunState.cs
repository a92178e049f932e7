using System.Text.Json;

namespace LlmCourse.Training;

/// <summary>
/// How far a run is, as a checkpoint keeps it. Random numbers need no state: dropout and the order of the examples are
/// functions of the seed and of the step.
/// </summary>
internal sealed record RunState
{
    public long Step { get; init; }

    public int Epoch { get; init; }

    public long Tokens { get; init; }

    public double Seconds { get; init; }

    public double SmoothedLoss { get; init; }

    /// <summary>The step with the best validation, and its value.</summary>
    public long? BestStep { get; init; }

    public double? BestValue { get; init; }

    /// <summary>Validations since then.</summary>
    public int Worse { get; init; }

    /// <summary>What may not change between two parts of one run.</summary>
    public long Seed { get; init; }

    public int Accumulation { get; init; }

    /// <summary>Where the batches are.</summary>
    public JsonElement Source { get; init; }
}
