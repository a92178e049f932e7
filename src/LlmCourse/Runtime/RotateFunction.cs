using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Runtime;

/// <summary>The rotation of <see cref="Kernels.Rotate"/> for training on the CPU in fp32: its gradient is turned back.</summary>
internal sealed class RotateFunction : autograd.SingleTensorFunction<RotateFunction>
{
    /// <inheritdoc/>
    public override string Name => nameof(RotateFunction);

    /// <summary>x [B, T, H, d]; cos and sin [B or 1, T, 1, d/2].</summary>
    public static Tensor Apply(Tensor x, Tensor cos, Tensor sin)
    {
        using var scope = NewDisposeScope(); // TorchSharp leaves an empty tensor of the result's size to it
        return apply(x, cos, sin).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        Tensor cos = (Tensor)vars[1], sin = (Tensor)vars[2];
        ctx.save_for_backward([cos, sin]);
        return CpuElementwise.Rotate((Tensor)vars[0], cos, sin);
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        List<Tensor> saved = ctx.get_saved_variables();
        Tensor regular = grad_output.stride(-1) == 1 ? grad_output : grad_output.contiguous();
        return BackwardResults.Return([grad_output], CpuElementwise.Rotate(regular, saved[0], saved[1].neg()), null, null);
    }
}
