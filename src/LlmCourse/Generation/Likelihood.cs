using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Generation;

/// <summary>How likely tokens are under scores [B, V]. Results stay on the device: fetch them once, at the end.</summary>
internal static class Likelihood
{
    /// <summary>[B] float32: the log-probability of one token a row.</summary>
    /// <param name="logits">[B, V].</param>
    /// <param name="ids">[B] int64.</param>
    public static Tensor Of(Tensor logits, Tensor ids)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = logits.to(ScalarType.Float32);
        return scores.gather(1, ids.unsqueeze(1)).squeeze(1).MinusInPlace(scores.logsumexp(1)).MoveToOuterDisposeScope();
    }

    /// <summary>[B, n] ids and float32 log-probabilities of the n most likely tokens of each row, best first.</summary>
    public static (Tensor Ids, Tensor LogProbabilities) Top(Tensor logits, int n)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = logits.to(ScalarType.Float32);
        (Tensor best, Tensor ids) = scores.topk(n, 1);
        return (ids.MoveToOuterDisposeScope(), best.Minus(scores.logsumexp(1, keepdim: true)).MoveToOuterDisposeScope());
    }
}
