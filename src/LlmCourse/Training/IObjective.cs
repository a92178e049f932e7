using LlmCourse.Training.Optimizers;
using LlmCourse.Transformers;

namespace LlmCourse.Training;

/// <summary>What is trained, and for what: the parameters, and the loss of a batch.</summary>
/// <typeparam name="TBatch">What one forward and backward pass reads.</typeparam>
public interface IObjective<in TBatch>
{
    /// <summary>The parameters that are trained, each once.</summary>
    public IReadOnlyList<NamedParameter> Parameters { get; }

    /// <summary>The loss of a batch as a sum of terms, so that batches of different size can be joined.</summary>
    /// <param name="batch">The batch; it stays the caller's.</param>
    /// <param name="dropout">Where dropout masks come from; null for no dropout.</param>
    public ObjectiveValue Compute(TBatch batch, DropoutMasks? dropout);
}
