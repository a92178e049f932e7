using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Generation;

/// <summary>
/// Speculative sampling (Leviathan et al., "Fast inference from transformers via speculative decoding", 2023, algorithm 1): tokens drawn from a draft's
/// distribution q are turned into tokens that have exactly the law of p.
/// </summary>
internal static class SpeculativeSampling
{
    /// <summary>How many tokens of a draft stay: each with probability min(1, p / q), and none behind the first that does not.</summary>
    /// <param name="target">[k] the probabilities p that the model gives the drafted tokens.</param>
    /// <param name="draft">[k] the probabilities q they were drawn with.</param>
    /// <param name="uniforms">A number in [0, 1) for each.</param>
    public static int Accepted(IReadOnlyList<double> target, IReadOnlyList<double> draft, IReadOnlyList<double> uniforms)
    {
        int count = 0;
        while (count < target.Count && uniforms[count] * draft[count] < target[count])
            count++;
        return count;
    }

    /// <summary>The distribution of the token that stands where a drafted one was refused: max(p − q, 0), normalised, as scores [1, V].</summary>
    /// <param name="target">[1, V] scores of p.</param>
    /// <param name="draft">[1, V] scores of q.</param>
    public static Tensor Residual(Tensor target, Tensor draft)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor p = target.to(ScalarType.Float64).softmax(1), q = draft.to(ScalarType.Float64).softmax(1);
        using Scalar none = 0;
        Tensor left = p.Minus(q).clamp_min_(none);
        // A refusal means that some of p is left; where rounding has lost it, the two are equal.
        return left.where(left.sum(1, keepdim: true).IsAbove(0), p).log_().MoveToOuterDisposeScope();
    }
}
