using LlmCourse.Transformers;
using TorchSharp;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Training;

/// <summary>The loss of one batch.</summary>
/// <param name="Sum">The sum of all terms, a scalar with a gradient. Whoever asked owns it.</param>
/// <param name="Weight">How many terms there are (usually: labels); the loss is their mean. More than 0.</param>
/// <param name="Tokens">How many tokens were read, for the tokens per second.</param>
public readonly record struct ObjectiveValue(torch.Tensor Sum, double Weight, long Tokens)
{
    /// <summary>More figures of the batch by name, each a mean over its terms.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();

    /// <summary>Where the graph of the sum was cut; null for a graph in one piece, which <c>Sum.backward()</c> is enough for. Whoever asked owns it.</summary>
    internal GraphCuts? Cuts { get; init; }

    /// <summary>Fills the gradients of all parameters, once.</summary>
    /// <param name="complete">Hears of parameters whose gradients are complete before all are; null for nobody.</param>
    internal void Backward(Action<IReadOnlyList<Parameter>>? complete = null)
    {
        if (Cuts is null)
            Sum.backward();
        else
            Cuts.Backward(Sum, complete);
    }
}
