using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Runtime;

/// <summary>
/// The one seam between the model and how its arithmetic is done. Every function has a plain TorchSharp form, which is the
/// definition; a faster form may stand in front of it where no gradient is recorded. LLMCOURSE_KERNELS=reference turns all
/// faster forms off.
/// </summary>
internal static class Kernels
{
    /// <summary>Whether faster forms may be used.</summary>
    public static bool Fast { get; set; } = Environment.GetEnvironmentVariable("LLMCOURSE_KERNELS") != "reference";

    /// <summary>Listens while a profile is taken; null otherwise.</summary>
    public static OperatorClock? Clock { get; set; }

    /// <summary>x Wᵀ + b over the last dimension.</summary>
    public static Tensor Linear(Tensor x, Tensor weight, Tensor? bias) => Timed("linear", () =>
        (UseCpu(x, weight) ? CpuKernels.Linear(x, weight, bias) ?? OneDnn.Linear(x, weight, bias) : null) ?? nn.functional.linear(x, weight, bias));

    /// <summary>
    /// x Wᵀ + b + s (x Aᵀ) Bᵀ over the last dimension, W [output, input] and b [output] constants, A [r, input], B [output, r] (Hu et
    /// al. 2021, eq. 3). A and B may be of a wider type: then the sum is made in it and rounded once.
    /// </summary>
    public static Tensor LowRankLinear(Tensor x, Tensor weight, Tensor? bias, Tensor down, Tensor up, double scale) => Timed("low rank", () =>
        Fast && is_grad_enabled() && !weight.requires_grad && x.dtype == down.dtype && x.dtype == weight.dtype
            ? Runtime.LowRankLinear.Apply(x, weight, bias, down, up, scale)
            : AddLowRank(Linear(x, weight, bias), x, down, up, scale));

    /// <summary>output + s (x Aᵀ) Bᵀ in the type of the output.</summary>
    public static Tensor AddLowRank(Tensor output, Tensor x, Tensor down, Tensor up, double scale)
    {
        using var scope = NewDisposeScope();
        Tensor narrow = Linear(x.to(down.dtype), down, null).Times(scale); // [.., r]
        Tensor delta = Linear(narrow, up, null);
        return output.Plus(delta).to(output.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// softmax(scale · q kᵀ + mask) v. q [B, H, T, d], k and v [B or 1, Hkv, S, d] with Hkv dividing H, mask broadcastable to
    /// [B, H, T, S] (bool: true is visible; float: added) or null; causal is top-left aligned and excludes a mask.
    /// </summary>
    public static Tensor Attention(Tensor q, Tensor k, Tensor v, Tensor? mask, bool causal, double scale) => Timed("attention", () =>
        (!causal && UseCpu(q, k) && !v.requires_grad ? CpuAttention.Attend(q, k, v, mask, scale) : null) ?? Script.Attention(q, k, v, mask, causal, scale));

    /// <summary>
    /// x / √(mean(x²) + ε) · w over the last dimension, the statistics in fp32 (Zhang and Sennrich 2019, eq. 4). A half-precision
    /// x is rounded before it is multiplied by a weight of its own type, and after where the weight is wider.
    /// </summary>
    public static Tensor RmsNorm(Tensor x, Tensor weight, double epsilon) => Timed("norm", () => RmsNormOf(x, weight, epsilon));

    /// <summary>
    /// Rotates pairs (i, i + d/2) of the first <c>2 · cos.size(-1)</c> elements of each head (Su et al. 2021, in the half-split
    /// order of published checkpoints). x [B, T, H, d]; cos and sin [B or 1, T, 1, d/2].
    /// </summary>
    public static Tensor Rotate(Tensor x, Tensor cos, Tensor sin) => Timed("rotate", () => RotateOf(x, cos, sin));

    /// <summary>silu(gate) · up, both [B, T, n].</summary>
    public static Tensor GatedSilu(Tensor gate, Tensor up) => Timed("gate", () => GatedSiluOf(gate, up));

    /// <summary>(silu(gate) · up) Wᵀ, gate and up [B, T, n] and W [D, n] → [B, T, D].</summary>
    public static Tensor GatedSiluLinear(Tensor gate, Tensor up, Tensor weight)
    {
        if (weight.requires_grad && weight.dtype == gate.dtype && TrainsGateOnCpu(gate, up))
            return Timed("gate", () => GatedLinearFunction.Apply(gate, up, weight));
        using Tensor product = GatedSilu(gate, up);
        return Linear(product, weight, null);
    }

    /// <summary>
    /// Σ −log softmax(x Wᵀ + b)[label] over rows x [N, D] with W [V, D], b [V] or null and labels int64 [N]: a scalar. A softcap
    /// turns a logit z into cap · tanh(z / cap).
    /// </summary>
    public static Tensor LinearCrossEntropy(Tensor x, Tensor weight, Tensor? bias, Tensor labels, double? softcap) => Timed("loss", () =>
        Fast ? Runtime.LinearCrossEntropy.Sum(x, weight, bias, labels, softcap) : LinearCrossEntropyOf(x, weight, bias, labels, softcap));

    private static Tensor LinearCrossEntropyOf(Tensor x, Tensor weight, Tensor? bias, Tensor labels, double? softcap)
    {
        using var scope = NewDisposeScope();
        Tensor logits = nn.functional.linear(x, weight, bias); // [N, V]
        if (softcap is { } cap)
            logits = logits.Over(cap).tanh().Times(cap);
        return CrossEntropySum(logits, labels).MoveToOuterDisposeScope();
    }

    /// <summary>Σ −log softmax(logits)[label] over rows [N, V] with labels int64 [N], in fp32 or better: a scalar.</summary>
    public static Tensor CrossEntropySum(Tensor logits, Tensor labels)
    {
        using var scope = NewDisposeScope();
        Tensor wide = logits.dtype is ScalarType.BFloat16 or ScalarType.Float16 ? logits.to(ScalarType.Float32) : logits;
        return nn.functional.cross_entropy(wide, labels, reduction: nn.Reduction.Sum).MoveToOuterDisposeScope();
    }

    /// <summary>Rows of a table [N, D] by ids int64 [n] → [n, D].</summary>
    public static Tensor Lookup(Tensor table, Tensor ids) =>
        Fast && is_grad_enabled() && table is Parameter { requires_grad: true } parameter ? TokenLookup.Rows(parameter, ids) : table.index_select(0, ids);

    private static Tensor RmsNormOf(Tensor x, Tensor weight, double epsilon)
    {
        if (weight.dtype == x.dtype && x.is_contiguous())
        {
            if (UseCpu(x, weight))
                return CpuElementwise.RmsNorm(x, weight, epsilon);
            if (TrainsOnCpu(x))
                return RmsNormFunction.Apply(x, weight, epsilon);
        }

        using var scope = NewDisposeScope();
        Tensor wide = x.to(ScalarType.Float32);
        if (x.dtype == ScalarType.Float64)
            wide = x;
        Tensor scale = wide.mul(wide).mean([-1], keepdim: true).PlusInPlace(epsilon).rsqrt();
        Tensor result = weight.dtype == wide.dtype
            ? wide.mul(scale).mul(weight).to(x.dtype)
            : wide.mul(scale).to(x.dtype).mul(weight);
        return result.MoveToOuterDisposeScope();
    }

    private static Tensor RotateOf(Tensor x, Tensor cos, Tensor sin)
    {
        if (x.stride(-1) == 1 && cos.dtype == x.dtype)
        {
            if (UseCpu(x, cos))
                return CpuElementwise.Rotate(x, cos, sin);
            if (TrainsOnCpu(x))
                return RotateFunction.Apply(x, cos, sin);
        }

        using var scope = NewDisposeScope();
        long half = cos.size(-1), rest = x.size(-1) - (2 * half);
        Tensor first = x.narrow(-1, 0, half), second = x.narrow(-1, half, half);
        Tensor rotatedFirst = first.mul(cos).MinusInPlace(second.mul(sin));
        Tensor rotatedSecond = second.mul(cos).PlusInPlace(first.mul(sin));
        Tensor result = rest == 0
            ? cat([rotatedFirst, rotatedSecond], -1)
            : cat([rotatedFirst, rotatedSecond, x.narrow(-1, 2 * half, rest)], -1);
        return result.MoveToOuterDisposeScope();
    }

    private static Tensor GatedSiluOf(Tensor gate, Tensor up)
    {
        bool regular = gate.stride(-1) == 1 && up.stride(-1) == 1 && gate.stride(0) == gate.stride(1) * gate.size(1) && up.stride(0) == up.stride(1) * up.size(1);
        if (UseCpu(gate, up) && regular && up.dtype == gate.dtype)
            return CpuElementwise.GatedSilu(gate, up);
        if (TrainsGateOnCpu(gate, up))
            return GatedSiluFunction.Apply(gate, up);
        using Tensor activated = nn.functional.silu(gate);
        return activated.mul(up);
    }

    private static Tensor Timed(string name, Func<Tensor> kernel) => Clock is { } clock ? clock.Time(name, kernel) : kernel();

    // Behind UseCpu: a gradient is recorded.
    private static bool TrainsOnCpu(Tensor x) => Fast && is_grad_enabled() && CpuKernels.Take(x);

    private static bool TrainsGateOnCpu(Tensor gate, Tensor up) =>
        TrainsOnCpu(gate) && up.dtype == gate.dtype && gate.is_contiguous() && up.is_contiguous();

    private static bool UseCpu(Tensor x, Tensor other) =>
        Fast && !(is_grad_enabled() && (x.requires_grad || other.requires_grad)) && CpuKernels.Take(x);
}
