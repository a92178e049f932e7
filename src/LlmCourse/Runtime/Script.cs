using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Runtime;

/// <summary>
/// Operators of libtorch which TorchSharp does not bind, reached through TorchScript: portable, differentiable, about five
/// microseconds a call.
/// </summary>
internal static class Script
{
    private const string Source = """
        def attention(q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor], causal: bool, scale: float, grouped: bool):
          return torch.scaled_dot_product_attention(q, k, v, mask, 0.0, causal, scale=scale, enable_gqa=grouped)
        def version(t: Tensor) -> int:
          return t._version()
        def adam(p: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], largest: List[Tensor], steps: List[Tensor],
                 lr: float, beta1: float, beta2: float, decay: float, eps: float, divisor: Optional[Tensor], l2: bool, amsgrad: bool):
          if l2:
            torch._fused_adam_(p, g, m, v, largest, steps, lr=lr, beta1=beta1, beta2=beta2, weight_decay=decay, eps=eps, amsgrad=amsgrad, maximize=False, grad_scale=divisor)
          else:
            torch._fused_adamw_(p, g, m, v, largest, steps, lr=lr, beta1=beta1, beta2=beta2, weight_decay=decay, eps=eps, amsgrad=amsgrad, maximize=False, grad_scale=divisor)

        """;

    private static readonly Lazy<jit.CompilationUnit> Unit = new(() => jit.compile(Source));

    /// <summary>scaled_dot_product_attention with a scale and fewer key heads than query heads: see <see cref="Kernels.Attention"/>.</summary>
    public static Tensor Attention(Tensor q, Tensor k, Tensor v, Tensor? mask, bool causal, double scale)
    {
        // TorchSharp makes a number's native form itself, and lets a collection free it before the call reads it.
        using Scalar factor = scale;
        return (Tensor)Unit.Value.invoke("attention", q, k, v, mask!, causal, factor, q.size(1) != k.size(1));
    }

    /// <summary>How often the tensor's storage was written to by torch (views share the count).</summary>
    public static long Version(Tensor tensor)
    {
        using Scalar version = (Scalar)Unit.Value.invoke("version", tensor);
        return version.ToInt64();
    }

    /// <summary>
    /// One step of Adam, or of AdamW without <paramref name="l2"/>, over contiguous tensors of one device and type. Steps [] are
    /// fp32 and count this one; gradients are divided by the divisor, in place; AMSGrad alone wants the largest squares.
    /// Does not count as a write: see <see cref="WriteCount"/>.
    /// </summary>
    public static void Adam(
        Tensor[] parameters, Tensor[] gradients, Tensor[] means, Tensor[] squares, Tensor[] largest, Tensor[] steps,
        double learningRate, double beta1, double beta2, double decay, double epsilon, Tensor? divisor, bool l2, bool amsGrad)
    {
        using Scalar rate = learningRate, first = beta1, second = beta2, taken = decay, added = epsilon;
        Unit.Value.invoke("adam", parameters, gradients, means, squares, largest, steps, rate, first, second, taken, added, divisor!, l2, amsGrad);
    }
}
