using static TorchSharp.torch;

namespace LlmCourse.Training.Optimizers;

/// <summary>What tells one optimizer from another.</summary>
internal interface IUpdateRule
{
    /// <summary>The tensors that are kept for a parameter of some shape, zero at first.</summary>
    public IEnumerable<(string Kind, long[] Shape)> Moments(long[] shape);

    /// <summary>Updates the targets in place. Called without grad mode and in a scope; the gradients may be overwritten.</summary>
    public void Apply(IReadOnlyList<Update> updates, double learningRate, double gradientScale);
}

/// <summary>One parameter's part in a step.</summary>
/// <param name="State">Its moments and the number of this step, from 1.</param>
/// <param name="Target">What is updated: the parameter, or its fp32 master.</param>
/// <param name="Gradient">Of the target's type and shape.</param>
internal readonly record struct Update(ParameterState State, Tensor Target, Tensor Gradient)
{
    /// <summary>The gradient times a number, in place.</summary>
    public Tensor Scaled(double factor) => factor == 1 ? Gradient : Gradient.mul_(factor);
}
