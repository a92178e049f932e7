using LlmCourse.Data;
using LlmCourse.Training.Logging;
using LlmCourse.Training.Optimizers;
using LlmCourse.Training.Schedules;
using Microsoft.Extensions.Logging;

namespace LlmCourse.Training;

/// <summary>How a model is trained.</summary>
public sealed record TrainingOptions
{
    /// <summary>The learning rate that the schedule's factor multiplies. Default: 5e-5.</summary>
    public double LearningRate { get; init; } = 5e-5;

    /// <summary>How the learning rate changes. Default: linear decay to 0.</summary>
    public Schedule Schedule { get; init; } = Schedule.Linear();

    /// <summary>The rule of the updates. Default: AdamW without weight decay.</summary>
    public OptimizerOptions Optimizer { get; init; } = new AdamWOptions { WeightDecay = 0 };

    /// <summary>How often every example is read. Default: once.</summary>
    public int Epochs { get; init; } = 1;

    /// <summary>Ends training after this many steps, whatever the epochs; steps are then what the schedule counts to.</summary>
    public long? MaxSteps { get; init; }

    /// <summary>Ends training once this many tokens were read.</summary>
    public long? MaxTokens { get; init; }

    /// <summary>Ends training after this time, earlier runs that it goes on from included.</summary>
    public TimeSpan? MaxTime { get; init; }

    /// <summary>How examples become batches.</summary>
    public BatchOptions Batches { get; init; } = new();

    /// <summary>Batches of one step. Every token counts the same, as if they were one batch. Default: 1.</summary>
    public int Accumulation { get; init; } = 1;

    /// <summary>Gradients of a larger norm are shortened to this one; null for no limit. Default: 1.</summary>
    public double? MaxGradientNorm { get; init; } = 1;

    /// <summary>Of the order of the examples and of dropout. The same seed gives the same run. Default: 0.</summary>
    public long Seed { get; init; }

    /// <summary>Whether the model's dropout, as its configuration has it, is on. Default: yes.</summary>
    public bool Dropout { get; init; } = true;

    /// <summary>
    /// Whether the activations of a block are thrown away and computed again when the backward pass needs them: about a third
    /// more time, and the memory of one block instead of all. Default: no.
    /// </summary>
    public bool GradientCheckpointing { get; init; }

    /// <summary>
    /// Whether the parameters of a block are updated as soon as the backward pass has gone through it, so that never all gradients
    /// exist at once (Lv et al. 2023, "Full parameter fine-tuning for large language models with limited resources"). The updates are
    /// the same. It excludes whatever wants all gradients before the first update: set <see cref="MaxGradientNorm"/> to null, leave
    /// <see cref="Accumulation"/> at 1, and no <see cref="Trainer{TBatch}.BeforeStep"/>. A gradient that is not a number stops the run before
    /// it is used, but the blocks behind have had their step then: go on from the last checkpoint. Default: no.
    /// </summary>
    public bool StepInBackward { get; init; }

    /// <summary>
    /// Whether the memory of freed tensors goes back to the system at once (Linux, CPU): the peak is lower by what would
    /// otherwise be holes between them, a step takes longer by the time the system needs to map memory. docs/performance.md
    /// has figures. It holds for the whole process while the run lasts. Default: no.
    /// </summary>
    public bool CompactMemory { get; init; }

    /// <summary>Whether CUDA may multiply fp32 matrices with 10-bit mantissas (TF32) during the run. Default: no.</summary>
    public bool AllowTf32 { get; init; }

    /// <summary>Checkpoints to go on from; null for none.</summary>
    public CheckpointOptions? Checkpoints { get; init; }

    /// <summary>When held-out examples, if there are any, are measured.</summary>
    public ValidationOptions Validation { get; init; } = new();

    /// <summary>Where the figures of every step are written.</summary>
    public IReadOnlyList<ITrainingLog> Logs { get; init; } = [];

    /// <summary>Hears of the events of a run: its start and end, checkpoints, validations.</summary>
    public ILogger? Logger { get; init; }

    internal TrainingOptions Validate()
    {
        Require(double.IsFinite(LearningRate) && LearningRate >= 0, nameof(LearningRate), LearningRate, "0 or more");
        Require(Epochs > 0, nameof(Epochs), Epochs, "at least 1");
        Require(MaxSteps is null or > 0, nameof(MaxSteps), MaxSteps, "at least 1");
        Require(MaxTokens is null or > 0, nameof(MaxTokens), MaxTokens, "at least 1");
        Require(MaxTime is null || MaxTime > TimeSpan.Zero, nameof(MaxTime), MaxTime, "more than nothing");
        Require(Accumulation > 0, nameof(Accumulation), Accumulation, "at least 1");
        Require(MaxGradientNorm is null or > 0, nameof(MaxGradientNorm), MaxGradientNorm, "more than 0");
        Require(!StepInBackward || Accumulation == 1, nameof(Accumulation), Accumulation, $"1 with {nameof(StepInBackward)}, which keeps no gradients to add to");
        Require(!StepInBackward || MaxGradientNorm is null, nameof(MaxGradientNorm), MaxGradientNorm, $"null with {nameof(StepInBackward)}: the norm of all gradients is not known before the first update");
        Require(Checkpoints is null or { Every: > 0 }, $"{nameof(Checkpoints)}.{nameof(CheckpointOptions.Every)}", Checkpoints?.Every, "at least 1");
        Require(Checkpoints is null or { KeepLast: > 0 }, $"{nameof(Checkpoints)}.{nameof(CheckpointOptions.KeepLast)}", Checkpoints?.KeepLast, "at least 1");
        Require(Validation.Every > 0, $"{nameof(Validation)}.{nameof(ValidationOptions.Every)}", Validation.Every, "at least 1");
        Require(Validation.Patience is null or > 0, $"{nameof(Validation)}.{nameof(ValidationOptions.Patience)}", Validation.Patience, "at least 1");
        Batches.Validate();
        return this;
    }

    private static void Require(bool holds, string property, object? value, string expectation)
    {
        if (!holds)
            throw new ArgumentOutOfRangeException(property, value, $"{property} must be {expectation}.");
    }
}
