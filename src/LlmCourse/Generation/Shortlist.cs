using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Generation;

/// <summary>
/// The most probable tokens of each row, best first, equal scores in the order of their ids. Sampling needs no more than these
/// nearly always, and sorting a whole vocabulary is what makes a naive sampler slow.
/// </summary>
/// <remarks>
/// A shortlist is a beginning of the order of the whole vocabulary: where the last place could go to several tokens of one score,
/// none of them is on it. So what is drawn from it does not depend on its size, nor on how a device sorts ties.
/// </remarks>
internal sealed class Shortlist : IDisposable
{
    /// <summary>
    /// Single precision knows the sum of a few hundred probabilities only so well: a mass this close to top-p has reached it.
    /// </summary>
    public const double Rounding = 1e-6;

    private Shortlist(Tensor ids, Tensor scores, bool isWhole)
    {
        Ids = ids;
        Scores = scores;
        IsWhole = isWhole;
    }

    /// <summary>[B, C] token ids.</summary>
    public Tensor Ids { get; }

    /// <summary>[B, C] scores in double precision, descending; −∞ where a place is not taken.</summary>
    public Tensor Scores { get; }

    /// <summary>True where every token of the vocabulary is on the list.</summary>
    public bool IsWhole { get; }

    /// <summary>Finds the best tokens of each row.</summary>
    /// <param name="scores">[B, V], not changed.</param>
    /// <param name="size">How many places there are; V or more takes everything.</param>
    public static Shortlist Of(Tensor scores, long size)
    {
        using DisposeScope scope = NewDisposeScope();
        if (size >= scores.size(1))
        {
            (Tensor all, Tensor order) = scores.sort(1, descending: true, stable: true);
            return new(order.MoveToOuterDisposeScope(), all.to(ScalarType.Float64).MoveToOuterDisposeScope(), isWhole: true);
        }

        // By id first, so that the stable sort leaves equal scores in the order of their ids.
        (_, Tensor best) = scores.topk((int)size, 1, largest: true, sorted: false);
        (Tensor ascending, _) = best.sort(1);
        (Tensor sorted, Tensor places) = scores.gather(1, ascending).sort(1, descending: true, stable: true);
        Tensor precise = sorted.to(ScalarType.Float64);
        precise.WithInPlace(precise.le(precise.narrow(1, size - 1, 1)), double.NegativeInfinity);
        return new(ascending.gather(1, places).MoveToOuterDisposeScope(), precise.MoveToOuterDisposeScope(), isWhole: false);
    }

    /// <summary>Keeps the k best tokens of each row and those that tie with the k-th.</summary>
    /// <returns>[B] bool: false where the list is too short to tell which tokens those are.</returns>
    public Tensor KeepTopK(long k)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor threshold = Scores.narrow(1, Math.Min(k, Scores.size(1)) - 1, 1);
        Tensor known = IsWhole ? threshold.isnan().logical_not() : threshold.isfinite();
        Scores.WithInPlace(Scores.lt(threshold), double.NegativeInfinity);
        return known.squeeze(1).MoveToOuterDisposeScope();
    }

    /// <summary>[B, C] the probabilities of the list up to a common factor: exp((score − best score) / temperature).</summary>
    public Tensor Weights(double temperature = 1)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor distances = Scores.Minus(Scores.narrow(1, 0, 1));
        return (temperature == 1 ? distances : distances.OverInPlace(temperature)).exp_().MoveToOuterDisposeScope();
    }

    /// <summary>Keeps the shortest beginning of each row whose probabilities reach p together; the weights of the rest become 0.</summary>
    /// <param name="weights">[B, C] of <see cref="Weights"/>, changed.</param>
    /// <param name="total">[B, 1] what the weights of all tokens in question sum to, on the list or not.</param>
    /// <param name="p">The mass to reach, as a part of <paramref name="total"/>.</param>
    /// <returns>[B] bool: false where the list ends before p is reached.</returns>
    public static Tensor KeepTopP(Tensor weights, Tensor total, double p)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor needed = total.Times(p - Rounding);
        Tensor upTo = weights.cumsum(1);
        Tensor reached = upTo.narrow(1, upTo.size(1) - 1, 1).ge(needed).squeeze(1);
        Tensor notNeeded = upTo.MinusInPlace(weights).ge(needed);
        notNeeded.narrow(1, 0, 1).FillInPlace(0);
        weights.WithInPlace(notNeeded, 0);
        return reached.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Ids.Dispose();
        Scores.Dispose();
    }
}
