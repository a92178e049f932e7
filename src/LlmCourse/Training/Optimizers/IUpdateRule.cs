using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Training.Optimizers;

/// <summary>What tells one optimizer from another.</summary>
internal interface IUpdateRule
{
    /// <summary>The tensors that are kept for a parameter of some shape, zero at first.</summary>
    public IEnumerable<(string Kind, long[] Shape)> Moments(long[] shape);

    /// <summary>The numbers that an update of a parameter of some shape holds for a moment.</summary>
    public long Temporaries(long[] shape);

    /// <summary>Updates the targets in place. Called without grad mode and in a scope; the gradients may be overwritten.</summary>
    /// <remarks>
    /// Numbers are held as Scalars: TorchSharp makes one of each number itself, the 1 of a sum included, and lets a collection
    /// started by another thread free it before the call reads it.
    /// </remarks>
    public void Apply(IReadOnlyList<Update> updates, double learningRate, double gradientScale);
}

/// <summary>One parameter's part in a step.</summary>
/// <param name="State">Its moments and the number of this step, from 1.</param>
/// <param name="Target">What is updated: the parameter, or its fp32 master.</param>
/// <param name="Gradient">Of the target's type and shape.</param>
internal readonly record struct Update(ParameterState State, Tensor Target, Tensor Gradient)
{
    /// <summary>The gradient times a number, in place.</summary>
    public Tensor Scaled(double factor)
    {
        using Scalar held = factor;
        return factor == 1 ? Gradient : Gradient.mul_(held);
    }
}
