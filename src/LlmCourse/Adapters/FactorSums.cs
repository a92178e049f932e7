using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Adapters;

/// <summary>Weighted sums of several tensors of one shape, all or their largest elements: pure functions.</summary>
internal static class FactorSums
{
    /// <summary>Σ wᵢ xᵢ.</summary>
    public static Tensor Weighted(IReadOnlyList<Tensor> tensors, IReadOnlyList<double> weights)
    {
        using var scope = NewDisposeScope();
        Tensor sum = tensors[0].Times(weights[0]);
        for (int i = 1; i < tensors.Count; i++)
            sum = sum.Plus(tensors[i].Times(weights[i]));
        return sum.MoveToOuterDisposeScope();
    }

    /// <summary>x with all but a share of its elements set to 0: those of the largest size are kept.</summary>
    public static Tensor Pruned(Tensor x, double density)
    {
        using var scope = NewDisposeScope();
        int kept = (int)(density * x.numel());
        Tensor flat = x.reshape(-1);
        Tensor largest = flat.abs().topk(kept, 0).indexes;
        return zeros_like(flat).index_copy(0, largest, flat.index_select(0, largest)).view(x.shape).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Yadav et al. 2023, section 3: each tensor pruned, a sign elected for each element, and the mean of the weighted elements
    /// that have it.
    /// </summary>
    public static Tensor Ties(IReadOnlyList<Tensor> tensors, IReadOnlyList<double> weights, double density, bool signByFrequency)
    {
        using var scope = NewDisposeScope();
        Tensor all = stack([.. tensors.Select(x => Pruned(x, density))], 0); // [adapters, ..]
        Tensor signs = all.sign(), vote = (signByFrequency ? signs : all).sum([0]);
        Tensor elected = where(vote.IsAtLeast(0), ones_like(vote), ones_like(vote).neg());
        Tensor agrees = signs.eq(elected).to(all.dtype);
        Tensor[] agreeing = [.. tensors.Select((_, i) => all[i].mul(agrees[i]))];
        Tensor count = agrees.sum([0]);
        return Weighted(agreeing, weights).div(count.Plus(count.Is(0).to(count.dtype))).MoveToOuterDisposeScope();
    }
}
