using LlmCourse.Runtime;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Adapters;

/// <summary>One LoRA adapter out of several.</summary>
internal static class Combination
{
    /// <summary>The weighted combination; its scale is 1, so its α is its rank.</summary>
    public static Adapter Make(string name, (Adapter Adapter, double Weight)[] parts, CombinationOptions options, TransformerModel model)
    {
        if (parts.Length == 0)
            throw new ArgumentException("There is nothing to combine.");
        foreach ((Adapter adapter, double weight) in parts)
        {
            if (!double.IsFinite(weight))
                throw new ArgumentException($"The weight of '{adapter.Name}' is {weight}.");
            // A trained bias or module is no sum of factors.
            foreach ((NamedSite site, SiteChange change) in adapter.Changed)
            {
                bool possible = change is IFactored && change is not LowRankChange { UpBias: not null };
                if (!possible && !(change is MagnitudeChange && options.Method == CombinationMethod.Svd))
                    throw new ArgumentException($"'{adapter.Name}' cannot be combined by {options.Method}: its change of {site.Site.Name} is not a product of two factors{(change is MagnitudeChange ? $"; use {CombinationMethod.Svd}" : "")}.");
            }

            if (adapter.Changed.Count == 0)
                throw new ArgumentException($"'{adapter.Name}' changes no module, and cannot be combined.");
        }

        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        BaseWeights weights = new(model);
        (NamedSite Site, (SiteChange Change, double Weight)[] Changes)[] modules = [.. parts
            .SelectMany(part => part.Adapter.Changed.Select(entry => (entry.Site, entry.Change, part.Weight)))
            .GroupBy(entry => entry.Site).Select(group => (group.Key, group.Select(entry => (entry.Change, entry.Weight)).ToArray()))];
        int rank = RankOf(parts, options);
        SiteChange Of(NamedSite site, (SiteChange Change, double Weight)[] of)
        {
            (Tensor down, Tensor up) = options.Method == CombinationMethod.Svd
                ? Nearest(FactorSums.Weighted([.. of.Select(part => Delta(part.Change, site, weights, model))], [.. of.Select(part => part.Weight)]), rank)
                : Joined(site, of, options);
            (down, up) = Padded(down, up, rank);
            return site.Site.Kind == SiteKind.Table ? new TableChange(down, up, 1) : new LowRankChange(down, up, 1);
        }

        LoraOptions made = new() { Rank = rank, Alpha = rank, Targets = [.. modules.Select(module => module.Site.Site.Name)] };
        return new Adapter(name, AdapterMethod.Lora, made, SiteChanges.All(modules.Select(module => KeyValuePair.Create(module.Site, Of(module.Site, module.Changes))))) { BaseParameterCount = model.ParameterCount };
    }

    private static int RankOf((Adapter Adapter, double Weight)[] parts, CombinationOptions options)
    {
        int[] ranks = [.. parts.Select(part => part.Adapter.Changed.Max(entry => entry.Change is IFactored factored ? (int)factored.Factors().Down.size(0) : ((LoraOptions)part.Adapter.Options).Rank))];
        if (options.Method is CombinationMethod.Concatenation)
            return ranks.Sum();
        if (options.Method is CombinationMethod.Svd)
            return options.Rank ?? ranks.Max();
        return ranks.Distinct().Count() == 1 ? ranks[0]
            : throw new ArgumentException($"{options.Method} needs adapters of one rank, found {string.Join(", ", parts.Zip(ranks, (part, rank) => $"{part.Adapter.Name}: {rank}"))}. Use {CombinationMethod.Concatenation} or {CombinationMethod.Svd}.");
    }

    // √|w s| on both sides, the sign on A: with one adapter the product is w s B A.
    private static (Tensor Down, Tensor Up) Joined(NamedSite site, (SiteChange Change, double Weight)[] parts, CombinationOptions options)
    {
        (Tensor Down, Tensor Up, double Scale)[] factors = [.. parts.Select(part => ((IFactored)part.Change).Factors())];
        double[] scales = [.. parts.Zip(factors, (part, factor) => part.Weight * factor.Scale)];
        Tensor[] downs = [.. factors.Select(factor => factor.Down)], ups = [.. factors.Select(factor => factor.Up)];
        if (options.Method == CombinationMethod.Concatenation)
            return (cat([.. downs.Zip(scales, (down, scale) => down.Times(scale))], 0), cat(ups, 1));
        if (factors.Select(factor => factor.Down.size(0)).Distinct().Count() > 1)
            throw new ArgumentException($"{options.Method} needs equal ranks at {site.Site.Name}, found {string.Join(" and ", factors.Select(factor => factor.Down.size(0)))}. Use {CombinationMethod.Concatenation} or {CombinationMethod.Svd}.");
        double[] upWeights = Array.ConvertAll(scales, scale => Math.Sqrt(Math.Abs(scale)));
        double[] downWeights = [.. scales.Zip(upWeights, (scale, root) => scale < 0 ? -root : root)];
        return options.Method switch
        {
            CombinationMethod.Linear => (FactorSums.Weighted(downs, downWeights), FactorSums.Weighted(ups, upWeights)),
            CombinationMethod.Ties => (FactorSums.Ties(downs, downWeights, options.Density, options.SignByFrequency), FactorSums.Ties(ups, upWeights, options.Density, options.SignByFrequency)),
            _ => (
                FactorSums.Weighted([.. downs.Select(down => FactorSums.Pruned(down, options.Density))], downWeights),
                FactorSums.Weighted([.. ups.Select(up => FactorSums.Pruned(up, options.Density))], upWeights)),
        };
    }

    // What a change adds to the weight, as [output, input].
    private static Tensor Delta(SiteChange change, NamedSite site, BaseWeights weights, TransformerModel model)
    {
        if (change is IFactored factored)
        {
            (Tensor down, Tensor up, double scale) = factored.Factors();
            return up.mm(down).Times(scale);
        }

        Tensor weight = weights.Weight(site).detach().to(Lora.TypeFor(model));
        return change.Merge(weight, null).Weight.Minus(weight);
    }

    // Eckart and Young: the singular directions of the largest values.
    private static (Tensor Down, Tensor Up) Nearest(Tensor delta, int rank)
    {
        (Tensor u, Tensor s, Tensor vh) = linalg.svd(delta, fullMatrices: false);
        int kept = (int)Math.Min(rank, s.size(0));
        return (vh.narrow(0, 0, kept), u.narrow(1, 0, kept).mul(s.narrow(0, 0, kept)));
    }

    // One rank for all modules, so that the file says so in one number.
    private static (Tensor Down, Tensor Up) Padded(Tensor down, Tensor up, int rank)
    {
        long missing = rank - down.size(0);
        return missing == 0 ? (down, up)
            : (cat([down, zeros([missing, down.size(1)], down.dtype, down.device)], 0), cat([up, zeros([up.size(0), missing], up.dtype, up.device)], 1));
    }
}
