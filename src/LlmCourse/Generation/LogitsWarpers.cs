using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Generation;

/// <summary>
/// The rules that shape the distribution before sampling, over whole vocabularies: what <see cref="Sampler"/> draws from, made
/// visible. Scores are [B, V]; results are fresh tensors of the same shape with −∞ for every token that cannot be drawn.
/// </summary>
internal static class LogitsWarpers
{
    /// <summary>All of them in the order of transformers: temperature, top-k, top-p.</summary>
    public static Tensor Warp(Tensor scores, double temperature, int topK, double topP)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor warped = Temperature(scores, temperature);
        if (topK > 0)
            warped = TopK(warped, topK);
        if (topP < 1)
            warped = TopP(warped, topP);
        return warped.MoveToOuterDisposeScope();
    }

    /// <summary>Scores divided by the temperature.</summary>
    public static Tensor Temperature(Tensor scores, double temperature) => scores.Over(Sampler.Bounded(temperature));

    /// <summary>The k best tokens and those that tie with the k-th.</summary>
    public static Tensor TopK(Tensor scores, int k)
    {
        using DisposeScope scope = NewDisposeScope();
        using Shortlist all = Shortlist.Of(scores, scores.size(1));
        all.KeepTopK(k);
        return Without(scores, all.Ids, all.Scores.isneginf()).MoveToOuterDisposeScope();
    }

    /// <summary>The smallest set of best tokens that reaches p; of equal scores at its edge, the smaller ids.</summary>
    public static Tensor TopP(Tensor scores, double p)
    {
        using DisposeScope scope = NewDisposeScope();
        using Shortlist all = Shortlist.Of(scores, scores.size(1));
        Tensor weights = all.Weights();
        Shortlist.KeepTopP(weights, weights.sum(1, keepdim: true), p);
        return Without(scores, all.Ids, weights.Is(0)).MoveToOuterDisposeScope();
    }

    /// <summary>The scores with −∞ for the tokens at the places of the list that are marked.</summary>
    private static Tensor Without(Tensor scores, Tensor ids, Tensor dropped)
    {
        using Tensor nothing = zeros_like(scores, ScalarType.Bool);
        using Tensor marked = nothing.scatter(1, ids, dropped);
        return scores.With(marked, double.NegativeInfinity);
    }
}
