using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Runtime;

/// <summary>
/// x Wᵀ + b + s (x Aᵀ) Bᵀ for training A and B over a constant W, which keeps x and the narrow x Aᵀ alone. With g the gradient
/// and n = s g B: ∂x = g W + n A, ∂A = nᵀ x, ∂B = s gᵀ (x Aᵀ), each without a sum of two wide tensors.
/// </summary>
internal sealed class LowRankLinear : autograd.SingleTensorFunction<LowRankLinear>
{
    /// <inheritdoc/>
    public override string Name => nameof(LowRankLinear);

    /// <summary>x [.., input], W [output, input] without gradient, b [output] or null, A [r, input], B [output, r] → [.., output].</summary>
    public static Tensor Apply(Tensor x, Tensor weight, Tensor? bias, Tensor down, Tensor up, double scale) =>
        apply(x, weight, down, up, new StrongBox<Tensor?>(bias), scale);

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        Tensor x = (Tensor)vars[0], weight = (Tensor)vars[1], down = (Tensor)vars[2], up = (Tensor)vars[3];
        Tensor? bias = ((StrongBox<Tensor?>)vars[4]).Value;
        double scale = (double)vars[5];
        Tensor output = Kernels.Linear(x, weight, bias);
        // [.., input] → [N, input] → [N, r]
        using Tensor flat = x.reshape(-1, x.size(-1)).contiguous(), turned = down.t();
        Tensor narrow = CpuNarrow.Take(flat, down.size(0)) ? CpuNarrow.Inner(flat, down, scale) : flat.mm(turned).TimesInPlace(scale);
        using Tensor rows = output.view(-1, output.size(-1)), wide = up.t();
        rows.addmm_(narrow, wide, 1, 1);
        ctx.save_for_backward([x, weight, down, up, narrow]);
        ctx.save_data(nameof(scale), scale);
        ctx.save_data("wanted", x.requires_grad);
        return output;
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        List<Tensor> saved = ctx.get_saved_variables();
        Tensor x = saved[0], weight = saved[1], down = saved[2], up = saved[3], narrow = saved[4];
        Tensor gradient = grad_output.reshape(-1, grad_output.size(-1)).contiguous(); // [N, output]
        double scale = (double)ctx.get_data("scale");
        Tensor flat = x.reshape(-1, x.size(-1)).contiguous(), inner, downGradient, upGradient; // inner: [N, r]
        if (CpuNarrow.Take(gradient, down.size(0)))
        {
            (inner, Tensor turned) = CpuNarrow.Both(gradient, narrow, up.t().contiguous(), scale);
            downGradient = CpuNarrow.Outer(inner, flat);
            upGradient = turned.t().contiguous();
        }
        else
        {
            inner = gradient.mm(up).TimesInPlace(scale);
            downGradient = inner.t().mm(flat);
            upGradient = gradient.t().mm(narrow);
        }

        Tensor? inputGradient = (bool)ctx.get_data("wanted")
            ? Kernels.Linear(gradient, weight.t(), null).addmm_(inner, down, 1, 1).view(x.shape)
            : null;
        return BackwardResults.Return([grad_output], inputGradient, null, downGradient, upGradient, null, null);
    }
}
