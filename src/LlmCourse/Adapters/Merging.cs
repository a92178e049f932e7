using LlmCourse.Runtime;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Adapters;

/// <summary>
/// Which adapters are part of a model's weights at the moment. The weights they touch are kept as they were, so that taking the
/// adapters out gives the original bits; it costs the memory of those weights.
/// </summary>
internal sealed class Merging(TransformerModel model)
{
    private readonly List<Adapter> _merged = [];
    private readonly Dictionary<NamedSite, (Tensor Weight, Tensor? Bias)> _originals = [];
    private readonly Dictionary<NamedSite, (long Weight, long? Bias)> _versions = [];
    private bool _untied;

    /// <summary>Makes an adapter part of the weights, computed in fp32 or wider and rounded once.</summary>
    /// <exception cref="AdapterException">A merged weight would not be finite; nothing is changed then.</exception>
    public void Add(Adapter adapter)
    {
        if (adapter.IsMerged)
            throw new InvalidOperationException($"The adapter '{adapter.Name}' is merged already.");
        if (adapter.Prompt is not null)
            throw new InvalidOperationException($"The adapter '{adapter.Name}' is a soft prompt, which no weight can hold.");
        RowAdapters.RequireCompatible([.. _merged, adapter]);
        Rebuild([.. _merged, adapter]);
    }

    /// <summary>Whether an adapter is merged into a module.</summary>
    public bool Touches(NamedSite site) => _originals.ContainsKey(site);

    /// <summary>Takes an adapter out again. Without any the weights have their original bits; else the others are merged anew into the originals.</summary>
    public void Remove(Adapter adapter)
    {
        if (!adapter.IsMerged)
            throw new InvalidOperationException($"The adapter '{adapter.Name}' is not merged.");
        Rebuild([.. _merged.Where(other => other != adapter)]);
    }

    // From the originals, in the order of merging: so no rounding adds up.
    private void Rebuild(Adapter[] adapters)
    {
        RequireUntouched();
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        ILookup<NamedSite, SiteChange> changes = adapters.SelectMany(adapter => adapter.Changed).ToLookup(entry => entry.Site, entry => entry.Change);
        Dictionary<NamedSite, (Tensor Weight, Tensor? Bias)> results = [];
        BaseWeights weights = new(model);
        foreach (IGrouping<NamedSite, SiteChange> group in changes)
            results[group.Key] = Merged(group.Key, group, adapters, weights);

        bool changesTie = changes.Any(group => (group.Key.Site.Kind == SiteKind.Table || group.Key.IsOutput) && group.Any(change => change is not BiasChange));
        Restore();
        if (changesTie && model.Config.Head.Tied)
        {
            model.Untie();
            _untied = true;
        }

        weights = new BaseWeights(model);
        foreach ((NamedSite site, (Tensor weight, Tensor? bias)) in results)
        {
            Parameter target = weights.Weight(site);
            Parameter? biasTarget = weights.Bias(site);
            _originals[site] = (Kept(target), biasTarget is null ? null : Kept(biasTarget));
            Write(target, weight);
            if (biasTarget is not null)
                Write(biasTarget, bias!);
        }

        foreach (NamedSite site in results.Keys)
            _versions[site] = Version(weights, site);
        foreach (Adapter adapter in _merged)
            adapter.IsMerged = false;
        _merged.Clear();
        _merged.AddRange(adapters);
        foreach (Adapter adapter in adapters)
            adapter.IsMerged = true;
    }

    private (Tensor Weight, Tensor? Bias) Merged(NamedSite site, IEnumerable<SiteChange> changes, Adapter[] adapters, BaseWeights weights)
    {
        ScalarType wide = Lora.TypeFor(model);
        (Tensor Weight, Tensor? Bias) current = _originals.TryGetValue(site, out (Tensor Weight, Tensor? Bias) original)
            ? original
            : (weights.Weight(site).detach(), weights.Bias(site)?.detach());
        current = (current.Weight.to(wide), current.Bias?.to(wide));
        foreach (SiteChange change in changes)
            current = change.Merge(current.Weight, current.Bias);
        foreach (Tensor? result in new[] { current.Weight, current.Bias })
        {
            if (result is not null && !result.to(model.Type).isfinite().all().IsTrue())
                throw new AdapterException(string.Join(" + ", adapters.Select(adapter => adapter.Name)), $"merged, {site.Site.Name} would have numbers that are not finite. Nothing was changed.");
        }

        return current;
    }

    private void RequireUntouched()
    {
        BaseWeights weights = new(model);
        if (_versions.FirstOrDefault(entry => Version(weights, entry.Key) != entry.Value).Key is { } trained)
            throw new InvalidOperationException($"{trained.Site.Name} was written to while adapters were merged into it, by training or loading: taking them out would lose that. Save the model as it is.");
    }

    private (long Weight, long? Bias) Version(BaseWeights weights, NamedSite site) =>
        (Version(weights.Weight(site)), weights.Bias(site) is { } bias ? Version(bias) : null);

    // Of the group that the parts share.
    private long Version(Parameter parameter) => model.Store.Groups.First(group => group.Parts.Any(part => ReferenceEquals(part, parameter))).Version;

    private void Restore()
    {
        BaseWeights weights = new(model);
        foreach ((NamedSite site, (Tensor weight, Tensor? bias)) in _originals)
        {
            Write(weights.Weight(site), weight);
            if (bias is not null)
                Write(weights.Bias(site)!, bias);
        }

        if (_untied)
            model.Retie();
        Forget();
    }

    /// <summary>Frees what is kept; the weights stay as they are.</summary>
    public void Forget()
    {
        foreach ((Tensor weight, Tensor? bias) in _originals.Values)
        {
            weight.Dispose();
            bias?.Dispose();
        }

        _originals.Clear();
        _versions.Clear();
        _untied = false;
    }

    private static Tensor Kept(Parameter parameter)
    {
        using Tensor plain = parameter.detach();
        return plain.clone().DetachFromDisposeScope();
    }

    private static void Write(Parameter parameter, Tensor value)
    {
        using Tensor target = parameter.detach();
        target.copy_(value);
    }
}
