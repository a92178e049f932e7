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

    /// <summary>
    /// softmax(scale · q kᵀ + mask) v. q [B, H, T, d], k and v [B, Hkv, S, d] with Hkv dividing H, mask broadcastable to
    /// [B, H, T, S] (bool: true is visible; float: added) or null; causal is top-left aligned and excludes a mask.
    /// </summary>
    public static Tensor Attention(Tensor q, Tensor k, Tensor v, Tensor? mask, bool causal, double scale) =>
        (Tensor)Unit.Value.invoke("attention", q, k, v, mask!, causal, scale, q.size(1) != k.size(1));

    /// <summary>How often the tensor's storage was written to by torch (views share the count).</summary>
    public static long Version(Tensor tensor)
    {
        using Scalar version = (Scalar)Unit.Value.invoke("version", tensor);
        return version.ToInt64();
    }
}
