using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Runtime;

/// <summary>
/// Adds to a parameter's gradient from within a backward pass, in place. A table of tokens that is also the output matrix gets
/// two gradients of its own size through autograd, and a third for their sum; this way there is one, and looking up adds
/// the few rows that were read.
/// </summary>
internal static class GradientSink
{
    private static readonly Scalar One = 1;

    /// <summary>Adds a gradient of the parameter's shape, which becomes the gradient itself where there is none yet.</summary>
    public static void Add(Parameter parameter, Tensor gradient)
    {
        using var noGrad = no_grad();
        using Tensor? there = parameter.grad;
        if (there is not null)
        {
            there.add_(gradient, One);
            return;
        }

        // The same memory under a version count of its own: what is added later is no write to a tensor that a graph has kept.
        using Tensor own = empty([0], gradient.dtype, gradient.device);
        parameter.grad = own.set_(gradient);
    }

    /// <summary>Adds rows [n, D] at int64 [n].</summary>
    public static void AddRows(Parameter parameter, Tensor rows, Tensor gradient)
    {
        using var noGrad = no_grad();
        using Tensor there = parameter.grad ?? zeros_like(parameter);
        there.index_add_(0, rows, gradient, One);
        parameter.grad = there;
    }
}
