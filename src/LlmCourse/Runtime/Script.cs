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
}
