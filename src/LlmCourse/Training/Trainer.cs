using LlmCourse.Runtime;
using LlmCourse.Training.Optimizers;
using static TorchSharp.torch;

namespace LlmCourse.Training;

/// <summary>
/// The one training loop: batches → sums of losses and gradients → a step. What is trained, for what, on which batches, is
/// given to it. Not thread-safe; a run happens on the calling thread.
/// </summary>
/// <typeparam name="TBatch">What one forward and backward pass reads.</typeparam>
/// <param name="objective">The parameters and their loss.</param>
/// <param name="source">The batches. It stays the caller's.</param>
/// <param name="options">How.</param>
public sealed class Trainer<TBatch>(IObjective<TBatch> objective, Data.IBatchSource<TBatch> source, TrainingOptions options)
    where TBatch : class, IDisposable
{
    private readonly TrainingOptions _options = (options ?? throw new ArgumentNullException(nameof(options))).Validate();

    /// <summary>What checkpoints write; needed where the options ask for checkpoints.</summary>
    public ISaved? Saved { get; init; }

    /// <summary>Measures held-out examples: figures by name. Null for none.</summary>
    public Func<CancellationToken, IReadOnlyDictionary<string, double>>? Measure { get; init; }

    /// <summary>Called once a step between the backward passes and the update; null for nothing.</summary>
    public GradientHook? BeforeStep { get; init; }

    /// <summary>What stands around the optimizer, for steps that are more than an update; null for nothing.</summary>
    internal Func<IOptimizer, IOptimizer>? Around { get; init; }

    /// <summary>Where a batch is from, for messages; null where nobody can say.</summary>
    public Func<TBatch, IEnumerable<string>>? Describe { get; init; }

    /// <summary>Trains until the epochs are through or one of the limits is reached.</summary>
    /// <param name="progress">Hears of every step.</param>
    /// <param name="cancellationToken">Checked between batches. Checkpoints written before remain.</param>
    /// <exception cref="TrainingException">A loss or a gradient is not a number, or a checkpoint cannot be written; the message names the step, the examples and the last good checkpoint.</exception>
    /// <exception cref="OperationCanceledException">Training was cancelled; the weights are those of the last step.</exception>
    public TrainingResult Run(IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        if (objective.Parameters.Count == 0)
            throw new InvalidOperationException("There is nothing to train: no parameter wants a gradient.");
        if (_options.Checkpoints is not null && Saved is null)
            throw new InvalidOperationException("Checkpoints need to know what to write: set Saved.");
        if (_options.StepInBackward && BeforeStep is not null)
            throw new InvalidOperationException($"{nameof(BeforeStep)} sees all gradients before the update, and {nameof(TrainingOptions.StepInBackward)} never has them all: choose one.");
        bool tf32 = backends.cuda.matmul.allow_tf32;
        backends.cuda.matmul.allow_tf32 = _options.AllowTf32;
        try
        {
            using IDisposable memory = NativeMemory.ForTraining(_options.CompactMemory);
            using IOptimizer plain = _options.Optimizer.Create(objective.Parameters), optimizer = Around?.Invoke(plain) ?? plain;
            return new TrainingRun<TBatch>(this, objective, source, _options, optimizer).Go(progress, cancellationToken);
        }
        finally
        {
            DropGradients();
            backends.cuda.matmul.allow_tf32 = tf32;
        }
    }

    private void DropGradients()
    {
        foreach (NamedParameter parameter in objective.Parameters)
            parameter.Value.grad = null;
    }
}
