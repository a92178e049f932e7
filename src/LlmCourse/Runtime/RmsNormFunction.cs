using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Runtime;

/// <summary>
/// RMSNorm for training on the CPU in fp32, which keeps its input alone: y = x r w with r = (mean(x²) + ε)^−½, so
/// ∂x = r (g w) − x r³ mean(g w x) and ∂w = Σ g x r over rows.
/// </summary>
internal sealed class RmsNormFunction : autograd.SingleTensorFunction<RmsNormFunction>
{
    /// <inheritdoc/>
    public override string Name => nameof(RmsNormFunction);

    /// <summary>x [.., D] contiguous, weight [D] → [.., D].</summary>
    public static Tensor Apply(Tensor x, Tensor weight, double epsilon)
    {
        using var scope = NewDisposeScope(); // TorchSharp leaves an empty tensor of the result's size to it
        return apply(x, weight, epsilon).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        Tensor x = (Tensor)vars[0], weight = (Tensor)vars[1];
        ctx.save_for_backward([x, weight]);
        ctx.save_data("epsilon", vars[2]);
        return CpuElementwise.RmsNorm(x, weight, (double)vars[2]);
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        List<Tensor> saved = ctx.get_saved_variables();
        (Tensor dx, Tensor dw) = CpuGradients.RmsNorm(saved[0], saved[1], grad_output.contiguous(), (double)ctx.get_data("epsilon"));
        return BackwardResults.Return([grad_output], dx, dw, null);
    }
}
