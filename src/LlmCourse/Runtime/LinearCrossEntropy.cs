using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Runtime;

/// <summary>
/// Σ −log softmax(x Wᵀ + b)[label] over rows x [N, D] with W [V, D], some rows at a time, so that no [N, V] tensor ever exists.
/// The gradients are made with the loss, by d/dz = softmax(z) − onehot(label), while a chunk's logits are at hand: nothing
/// is computed twice, and what is kept for the backward pass has the size of x and W.
/// </summary>
internal sealed class LinearCrossEntropy : autograd.MultiTensorFunction<LinearCrossEntropy>
{
    // Logits of one chunk: 2²² floats are 16 MB.
    private const long ChunkElements = 1 << 22;

    private const int Sources = 3; // x, W, b in this order in front of all arguments

    /// <inheritdoc/>
    public override string Name => nameof(LinearCrossEntropy);

    /// <summary>The sum, a scalar in fp32 (fp64 for fp64). Labels are int64 [N], all within V.</summary>
    /// <param name="x">[N, D].</param>
    /// <param name="weight">[V, D].</param>
    /// <param name="bias">[V] or null.</param>
    /// <param name="labels">[N].</param>
    /// <param name="softcap">z becomes cap · tanh(z / cap) (Gemma 2); null for none.</param>
    public static Tensor Sum(Tensor x, Tensor weight, Tensor? bias, Tensor labels, double? softcap)
    {
        using var scope = NewDisposeScope();
        bool gradients = is_grad_enabled() && (x.requires_grad || weight.requires_grad || bias is { requires_grad: true });
        Tensor sum = gradients
            ? apply(x, weight, bias!, labels, softcap ?? 0.0)[0]
            : Run(x, weight, bias, labels, softcap, null, null, null);
        return sum.MoveToOuterDisposeScope();
    }

    /// <summary>The rows whose logits exist at a time.</summary>
    /// <param name="vocabulary">V.</param>
    public static long RowsAtOnce(long vocabulary) => Math.Max(1, ChunkElements / vocabulary);

    /// <inheritdoc/>
    public override List<Tensor> forward(autograd.AutogradContext ctx, params object[] vars)
    {
        using var scope = NewDisposeScope();
        Tensor x = (Tensor)vars[0], weight = (Tensor)vars[1], labels = (Tensor)vars[3];
        Tensor? bias = (Tensor?)vars[2];
        double? softcap = (double)vars[4] is var cap && cap > 0 ? cap : null;
        Tensor? dx = x.requires_grad ? empty_like(x) : null;
        // Sums over chunks are kept in the type that the logits have.
        Tensor? dw = weight.requires_grad ? zeros_like(weight, Wide(weight.dtype)) : null;
        Tensor? db = bias is { requires_grad: true } ? zeros_like(bias, Wide(bias.dtype)) : null;
        Tensor sum = Run(x, weight, bias, labels, softcap, dx, dw, db);
        List<Tensor> kept = [x, labels];
        bool[] present = new bool[Sources];
        foreach ((int i, Tensor? gradient, Tensor? source) in new[] { (0, dx, x), (1, dw, weight), (2, db, bias) })
        {
            if (gradient is null)
                continue;
            present[i] = true;
            kept.Add(gradient.to(source!.dtype).MoveToOuterDisposeScope()); // TorchSharp saves them after this method
        }

        ctx.save_data(nameof(present), present);
        ctx.save_data("arguments", (weight, bias, softcap));
        ctx.save_data("given", new StrongBox<bool>());
        ctx.save_for_backward(kept);
        return [sum.MoveToOuterDisposeScope()];
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, List<Tensor> grad_outputs)
    {
        using var scope = NewDisposeScope();
        bool[] present = (bool[])ctx.get_data("present");
        List<Tensor> kept = ctx.get_saved_variables();
        (Tensor weight, Tensor? bias, double? softcap) = ((Tensor, Tensor?, double?))ctx.get_data("arguments");
        StrongBox<bool> given = (StrongBox<bool>)ctx.get_data("given");
        Tensor outer = grad_outputs[0];
        bool one = outer.Number() == 1; // a sum that is differentiated itself: spares a copy of the size of W
        Tensor Scaled(Tensor gradient) => one ? gradient.alias() : gradient.mul(outer.to(gradient.dtype));
        Tensor?[] gradients = new Tensor?[Sources + 2];
        for (int i = 0, k = 2; i < Sources; i++)
        {
            if (!present[i])
                continue;
            Tensor gradient = kept[k++];
            if (i == 1 && weight is Parameter owner)
            {
                // What became the parameter's gradient is not ours any more: a second pass over a retained graph makes it again.
                using Tensor fresh = Scaled(given.Value ? OfWeight(kept[0], weight, bias, kept[1], softcap) : gradient);
                given.Value = true;
                GradientSink.Add(owner, fresh);
            }
            else
            {
                gradients[i] = Scaled(gradient);
            }
        }

        return BackwardResults.Return(grad_outputs, gradients);
    }

    private static Tensor OfWeight(Tensor x, Tensor weight, Tensor? bias, Tensor labels, double? softcap)
    {
        Tensor dw = zeros_like(weight, Wide(weight.dtype));
        Run(x, weight, bias, labels, softcap, null, dw, null).Dispose();
        return dw.to(weight.dtype);
    }

    private static Tensor Run(Tensor x, Tensor weight, Tensor? bias, Tensor labels, double? softcap, Tensor? dx, Tensor? dw, Tensor? db)
    {
        using var noGrad = no_grad();
        ScalarType wide = Wide(x.dtype);
        long rows = x.size(0), chunk = RowsAtOnce(weight.size(0));
        Tensor sum = zeros([], wide, x.device);
        for (long start = 0; start < rows; start += chunk)
        {
            using var scope = NewDisposeScope();
            long count = Math.Min(chunk, rows - start);
            Tensor part = x.narrow(0, start, count), index = labels.narrow(0, start, count).unsqueeze(1);
            Tensor z = Kernels.Linear(part, weight, bias).to(wide); // [n, V]
            Tensor? slope = null;
            if (softcap is { } cap)
            {
                z.OverInPlace(cap).tanh_();
                slope = dx is null && dw is null && db is null ? null : z.mul(z).neg_().PlusInPlace(1); // d tanh
                z.TimesInPlace(cap);
            }

            Tensor total = z.logsumexp(1, keepdim: true);
            sum.PlusInPlace(total.Minus(z.gather(1, index)).sum());
            if (dx is null && dw is null && db is null)
                continue;
            Tensor dz = z.MinusInPlace(total).exp_();
            dz.scatter_add_(1, index, Arithmetic.Filled([count, 1], -1, wide, x.device));
            if (slope is not null)
                dz.mul_(slope);
            db?.PlusInPlace(dz.sum([0])); // sum(0) would take 0 for a ScalarType
            if (dw is not null)
                dw.addmm_(dz.t(), part.to(wide), 1, 1);
            dx?.narrow(0, start, count).copy_(Kernels.Linear(dz.to(weight.dtype), weight.t(), null));
        }

        return sum;
    }

    private static ScalarType Wide(ScalarType type) => type == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
}
