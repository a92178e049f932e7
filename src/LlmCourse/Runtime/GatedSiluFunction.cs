using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Runtime;

/// <summary>
/// silu(gate) · up for training on the CPU in fp32, which keeps its inputs alone: with s = σ(gate) and g the gradient,
/// ∂up = g gate s and ∂gate = g up s (1 + gate (1 − s)).
/// </summary>
internal sealed class GatedSiluFunction : autograd.SingleTensorFunction<GatedSiluFunction>
{
    /// <inheritdoc/>
    public override string Name => nameof(GatedSiluFunction);

    /// <summary>Both [B, T, n] contiguous → [B, T, n].</summary>
    public static Tensor Apply(Tensor gate, Tensor up)
    {
        using var scope = NewDisposeScope(); // TorchSharp leaves an empty tensor of the result's size to it
        return apply(gate, up).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        Tensor gate = (Tensor)vars[0], up = (Tensor)vars[1];
        ctx.save_for_backward([gate, up]);
        return CpuElementwise.GatedSilu(gate, up);
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        List<Tensor> saved = ctx.get_saved_variables();
        (Tensor gate, Tensor up) = CpuGradients.GatedSilu(saved[0], saved[1], grad_output.contiguous());
        return BackwardResults.Return([grad_output], gate, up);
    }
}
