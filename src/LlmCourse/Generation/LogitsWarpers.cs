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
    public static Tensor Temperature(Tensor scores, double temperature) => scores.div(temperature);

    /// <summary>The k best tokens and those that tie with the k-th.</summary>
    public static Tensor TopK(Tensor scores, int k)
    {
        using Shortlist all = Shortlist.Of(scores, scores.size(1));
        using Tensor known = all.KeepTopK(k);
        return Only(scores, all);
    }

    /// <summary>The smallest set of best tokens that reaches p; of equal scores at its edge, the smaller ids.</summary>
    public static Tensor TopP(Tensor scores, double p)
    {
        using Shortlist all = Shortlist.Of(scores, scores.size(1));
        using Tensor weights = all.Weights();
        using Tensor total = weights.sum(1, keepdim: true);
        using Tensor known = all.KeepTopP(p, total);
        return Only(scores, all);
    }

    private static Tensor Only(Tensor scores, Shortlist kept)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor dropped = zeros_like(scores, ScalarType.Bool).scatter_(1, kept.Ids, kept.Scores.isneginf());
        return scores.masked_fill(dropped, double.NegativeInfinity).MoveToOuterDisposeScope();
    }
}
