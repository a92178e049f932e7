using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Generation;

/// <summary>
/// The rules that shape the distribution before sampling, over whole vocabularies: what <see cref="Sampler"/> draws from, made
/// visible. Scores are [B, V]; results are fresh tensors of the same shape with −∞ for every token that cannot be drawn. Each
/// looks at probabilities that are normalised anew over what the rules before it have left.
/// </summary>
/// <remarks>
/// <c>keep</c> is how many of the first tokens in a rule's order stay in any case: one, and more for beams, which must be able to go on
/// where the likeliest tokens end them. Where equal scores meet at an edge, the smaller ids come first, unless a rule says that ties stay.
/// </remarks>
internal static class LogitsWarpers
{
    /// <summary>How many tokens <see cref="TopH"/> looks at.</summary>
    private const long TopHTokens = 100;

    /// <summary>All of them in the order of transformers: temperature, top-h, top-k, top-p, min-p, typical, epsilon, eta.</summary>
    public static Tensor Warp(Tensor scores, ResolvedGeneration settings, int keep = 1)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor warped = Temperature(scores, settings.Temperature);
        if (settings.TopH < 1)
            warped = TopH(warped, settings.TopH);
        if (settings.TopK > 0)
            warped = TopK(warped, settings.TopK, keep);
        if (settings.TopP < 1)
            warped = TopP(warped, settings.TopP, keep);
        if (settings.MinP > 0)
            warped = MinP(warped, settings.MinP, keep);
        if (settings.TypicalP < 1)
            warped = Typical(warped, settings.TypicalP, keep);
        if (settings.EpsilonCutoff > 0)
            warped = Epsilon(warped, settings.EpsilonCutoff, keep);
        if (settings.EtaCutoff > 0)
            warped = Eta(warped, settings.EtaCutoff, keep);
        return warped.MoveToOuterDisposeScope();
    }

    /// <summary>Scores divided by the temperature.</summary>
    public static Tensor Temperature(Tensor scores, double temperature) => scores.Over(Sampler.Bounded(temperature));

    /// <summary>
    /// The best tokens until they have a share of the entropy of the best hundred: −Σ p log p ≤ share · H ("Top-H decoding: adapting the
    /// creativity and coherence with bounded entropy in text generation", 2025).
    /// </summary>
    public static Tensor TopH(Tensor scores, double share)
    {
        using DisposeScope scope = NewDisposeScope();
        using Shortlist all = Shortlist.Of(scores, scores.size(1));
        long count = Math.Min(TopHTokens, scores.size(1));
        Tensor terms = SelfInformation(all.Scores.narrow(1, 0, count).log_softmax(1));
        Tensor limit = terms.sum(1, keepdim: true).TimesInPlace(share).PlusInPlace(Shortlist.Rounding);
        Tensor dropped = ones_like(all.Scores, ScalarType.Bool);
        dropped.narrow(1, 0, count).copy_(terms.cumsum(1).gt(limit));
        return Without(scores, all.Ids, dropped, 1).MoveToOuterDisposeScope();
    }

    /// <summary>The k best tokens and those that tie with the k-th.</summary>
    public static Tensor TopK(Tensor scores, int k, int keep = 1)
    {
        using DisposeScope scope = NewDisposeScope();
        using Shortlist all = Shortlist.Of(scores, scores.size(1));
        all.KeepTopK(Math.Max(k, keep));
        return Without(scores, all.Ids, all.Scores.isneginf(), 0).MoveToOuterDisposeScope();
    }

    /// <summary>The smallest set of best tokens that reaches p; of equal scores at its edge, the smaller ids.</summary>
    public static Tensor TopP(Tensor scores, double p, int keep = 1)
    {
        using DisposeScope scope = NewDisposeScope();
        using Shortlist all = Shortlist.Of(scores, scores.size(1));
        Tensor weights = all.Weights();
        Shortlist.KeepTopP(weights, weights.sum(1, keepdim: true), p);
        return Without(scores, all.Ids, weights.Is(0), keep).MoveToOuterDisposeScope();
    }

    /// <summary>The tokens that have at least a share of the best one's probability (Nguyen et al., "Turning up the heat: min-p sampling", 2024).</summary>
    public static Tensor MinP(Tensor scores, double share, int keep = 1)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor weights = scores.to(ScalarType.Float64);
        weights = weights.Minus(weights.amax([1], keepdim: true)).exp_();
        return Below(scores, weights.IsBelow(share), keep).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The tokens whose surprise −log p is nearest to the entropy, until they reach a mass (Meister et al., "Locally typical sampling",
    /// 2023, eq. 9). Tokens that tie with the last one stay.
    /// </summary>
    public static Tensor Typical(Tensor scores, double mass, int keep = 1)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor logProbabilities = scores.to(ScalarType.Float64).log_softmax(1);
        Tensor distances = logProbabilities.Plus(Entropy(logProbabilities)).abs_();
        (Tensor sorted, Tensor ids) = distances.sort(1, stable: true);
        Tensor upTo = logProbabilities.exp().gather(1, ids).cumsum(1);
        Tensor last = upTo.IsBelow(mass - Shortlist.Rounding).sum(1, keepdim: true);
        using Scalar end = scores.size(1) - 1;
        return Without(scores, ids, sorted.gt(sorted.gather(1, last.clamp_max_(end))), keep).MoveToOuterDisposeScope();
    }

    /// <summary>The tokens that have at least a probability (Hewitt et al., "Truncation sampling as language model desmoothing", 2022, 3.2).</summary>
    public static Tensor Epsilon(Tensor scores, double epsilon, int keep = 1)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor logProbabilities = scores.to(ScalarType.Float64).log_softmax(1);
        return LessLikely(scores, logProbabilities.exp().IsBelow(epsilon), keep).MoveToOuterDisposeScope();
    }

    /// <summary>The same with min(ε, √ε · e^−entropy): a flat distribution may be cut further down (eq. 5 there).</summary>
    public static Tensor Eta(Tensor scores, double epsilon, int keep = 1)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor logProbabilities = scores.to(ScalarType.Float64).log_softmax(1);
        using Scalar most = epsilon;
        Tensor eta = Entropy(logProbabilities).neg().exp_().TimesInPlace(Math.Sqrt(epsilon)).clamp_max_(most);
        return LessLikely(scores, logProbabilities.exp().lt(eta), keep).MoveToOuterDisposeScope();
    }

    // [B, V] → [B, 1]
    private static Tensor Entropy(Tensor logProbabilities)
    {
        using Tensor terms = SelfInformation(logProbabilities);
        return terms.sum(1, keepdim: true);
    }

    // −p log p, which is 0 for p = 0
    private static Tensor SelfInformation(Tensor logProbabilities) =>
        logProbabilities.exp().mul_(logProbabilities).neg_().WithInPlace(logProbabilities.isneginf(), 0);

    // Tokens that tie with the last one to keep stay.
    private static Tensor LessLikely(Tensor scores, Tensor dropped, int keep)
    {
        (Tensor best, _) = scores.topk((int)Math.Min(keep, scores.size(1)), 1);
        return scores.With(dropped.logical_and(scores.lt(best.narrow(1, best.size(1) - 1, 1))), double.NegativeInfinity);
    }

    private static Tensor Below(Tensor scores, Tensor dropped, int keep)
    {
        if (keep <= 1)
            return scores.With(dropped, double.NegativeInfinity);
        using Shortlist all = Shortlist.Of(scores, scores.size(1));
        return Without(scores, all.Ids, dropped.gather(1, all.Ids), keep);
    }

    /// <summary>The scores with −∞ for the tokens at the places of a list that are marked, but for the list's first ones.</summary>
    private static Tensor Without(Tensor scores, Tensor ids, Tensor dropped, int keep)
    {
        using DisposeScope scope = NewDisposeScope();
        if (keep > 0)
            dropped.narrow(1, 0, Math.Min(keep, dropped.size(1))).FillInPlace(0);
        Tensor marked = zeros_like(scores, ScalarType.Bool).scatter(1, ids, dropped);
        return scores.With(marked, double.NegativeInfinity).MoveToOuterDisposeScope();
    }
}
