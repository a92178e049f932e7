using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Runtime;

/// <summary>
/// (silu(gate) · up) Wᵀ for training on the CPU in fp32. The product, which the gradient of W needs, is made again from gate and up,
/// which their own gradients need anyway: it is the widest activation of a block.
/// </summary>
internal sealed class GatedLinearFunction : autograd.SingleTensorFunction<GatedLinearFunction>
{
    /// <inheritdoc/>
    public override string Name => nameof(GatedLinearFunction);

    /// <summary>gate and up [B, T, n] contiguous, weight [D, n] → [B, T, D].</summary>
    public static Tensor Apply(Tensor gate, Tensor up, Tensor weight)
    {
        using var scope = NewDisposeScope(); // TorchSharp leaves an empty tensor of the result's size to it
        return apply(gate, up, weight).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        Tensor gate = (Tensor)vars[0], up = (Tensor)vars[1], weight = (Tensor)vars[2];
        ctx.save_for_backward([gate, up, weight]);
        using Tensor product = CpuElementwise.GatedSilu(gate, up);
        return nn.functional.linear(product, weight);
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        List<Tensor> saved = ctx.get_saved_variables();
        (Tensor gate, Tensor up, Tensor weight) = (saved[0], saved[1], saved[2]);
        Tensor outer = grad_output.reshape(-1, weight.size(0)); // [N, D]
        Tensor? ofWeight = null;
        if (weight.requires_grad)
        {
            using Tensor product = CpuElementwise.GatedSilu(gate, up), rows = product.view(-1, weight.size(1)); // [N, n]
            ofWeight = outer.t().mm(rows);
        }

        using Tensor inner = outer.mm(weight).view(gate.shape);
        (Tensor ofGate, Tensor ofUp) = CpuGradients.GatedSilu(gate, up, inner);
        return BackwardResults.Return([grad_output], ofGate, ofUp, ofWeight);
    }
}
