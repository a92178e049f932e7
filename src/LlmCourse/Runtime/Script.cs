using System.Collections.Concurrent;
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

    // TorchSharp wraps a plain number in an object that nothing holds while the call runs: a garbage collection at that moment
    // frees it. Numbers that we hold ourselves cannot go.
    private static readonly Scalar Yes = true;
    private static readonly Scalar No = false;
    private static readonly ConcurrentDictionary<double, Scalar> Numbers = [];

    /// <summary>scaled_dot_product_attention with a scale and fewer key heads than query heads: see <see cref="Kernels.Attention"/>.</summary>
    public static Tensor Attention(Tensor q, Tensor k, Tensor v, Tensor? mask, bool causal, double scale) =>
        (Tensor)Unit.Value.invoke(
            "attention", q, k, v, mask!, causal ? Yes : No, Numbers.GetOrAdd(scale, number => number), q.size(1) != k.size(1) ? Yes : No);

    /// <summary>How often the tensor's storage was written to by torch (views share the count).</summary>
    public static long Version(Tensor tensor)
    {
        using Scalar version = (Scalar)Unit.Value.invoke("version", tensor);
        return version.ToInt64();
    }
}
