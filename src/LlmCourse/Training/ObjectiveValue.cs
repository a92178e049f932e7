using TorchSharp;

namespace LlmCourse.Training;

/// <summary>The loss of one batch.</summary>
/// <param name="Sum">The sum of all terms, a scalar with a gradient. Whoever asked owns it.</param>
/// <param name="Weight">How many terms there are (usually: labels); the loss is their mean. More than 0.</param>
/// <param name="Tokens">How many tokens were read, for the tokens per second.</param>
public readonly record struct ObjectiveValue(torch.Tensor Sum, double Weight, long Tokens)
{
    /// <summary>More figures of the batch by name, each a mean over its terms.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>();
}
