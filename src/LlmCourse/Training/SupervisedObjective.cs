using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Training.Optimizers;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Training;

/// <summary>The loss that the labels of a batch mean for a model.</summary>
/// <param name="model">The model.</param>
/// <param name="context">What every forward pass is given beside its batch.</param>
/// <param name="parameters">What is trained.</param>
/// <param name="penalty">Gives a scalar that is added to the mean loss, which the batch has no part in, or null; null for nothing.</param>
internal sealed class SupervisedObjective(TransformerModel model, ForwardContext context, IReadOnlyList<NamedParameter> parameters, Func<Tensor?>? penalty = null) : IObjective<Batch>
{
    /// <summary>Over all parameters of the model that want a gradient.</summary>
    public SupervisedObjective(TransformerModel model, ForwardContext context)
        : this(model, context, [.. model.NamedParameters.Where(entry => entry.Parameter.requires_grad).Select(entry => new NamedParameter(entry.Name, entry.Parameter, Decays(entry.Name)))])
    {
    }

    /// <inheritdoc/>
    public IReadOnlyList<NamedParameter> Parameters { get; } = parameters;

    /// <inheritdoc/>
    public ObjectiveValue Compute(Batch batch, DropoutMasks? dropout)
    {
        GraphCuts cuts = new();
        try
        {
            (Tensor sum, double weight) = SupervisedLoss.Sum(model, batch, context with { Dropout = dropout, Cuts = cuts });
            long tokens = batch.Input.Lengths.Sum(length => (long)length) + (batch.Decoder?.Lengths.Sum(length => (long)length) ?? 0);
            if (penalty?.Invoke() is not { } added)
                return new ObjectiveValue(sum, weight, tokens) { Cuts = cuts };
            using (sum)
            using (added)
            using (Tensor share = added.Times(weight))
                return new ObjectiveValue(sum.Plus(share), weight, tokens) { Cuts = cuts, Metrics = new Dictionary<string, double> { ["penalty"] = added.Number() } };
        }
        catch
        {
            cuts.Dispose();
            throw;
        }
    }

    /// <summary>Weight decay is for matrices: not for biases, the weights of any norm, or a relative bias (which transformers' Trainer takes for a bias too).</summary>
    internal static bool Decays(string name)
    {
        string[] parts = name.Split('.');
        return parts[^1] != "bias" && !parts.Any(part => part.EndsWith("norm", StringComparison.Ordinal) || part == "relative_bias");
    }
}
