using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Adapters;

/// <summary>Makes (IA)³ adapters.</summary>
internal static class Ia3
{
    /// <summary>A new adapter for a model, all of whose scales are 1.</summary>
    public static Adapter Make(string name, Ia3Options options, TransformerModel model, AdapterSites sites)
    {
        string Property(string property) => $"{nameof(Ia3Options)}.{property}";
        IReadOnlyList<NamedSite> trained = sites.Trained(Property(nameof(Ia3Options.TrainedModules)), options.TrainedModules, model.IsClassifier);
        IReadOnlyList<NamedSite> inner = sites.Targets(Property(nameof(Ia3Options.FeedForwardTargets)), options.FeedForwardTargets, null, "down");
        IReadOnlyList<NamedSite> outer = sites.Targets(Property(nameof(Ia3Options.Targets)), options.Targets, null, "k", "v", "qkv");
        if (inner.Count + outer.Count == 0)
            throw new ArgumentException($"{Property(nameof(Ia3Options.Targets))} and {nameof(Ia3Options.FeedForwardTargets)} name nothing.");
        if (inner.Concat(outer).FirstOrDefault(site => site.Site.Kind != SiteKind.Linear) is { } table)
            throw new ArgumentException($"{nameof(Ia3Options)}: {table.Site.Name} is not a linear map.");
        using var scope = NewDisposeScope();
        BaseWeights weights = new(model);
        SiteChange Ones(long rows, long columns, bool ofInput) => new ScaleChange(ones([rows, columns], Lora.TypeFor(model), model.Device), ofInput);
        return new Adapter(name, AdapterMethod.Ia3, options, SiteChanges.All(
            inner.Except(trained).Select(site => KeyValuePair.Create(site, Ones(1, site.Site.Input, true)))
                .Concat(outer.Except(inner).Except(trained).Select(site => KeyValuePair.Create(site, Ones(site.Site.Output, 1, false))))
                .Concat(trained.Select(site => KeyValuePair.Create(site, Lora.Whole(site, weights, model))))))
        { BaseParameterCount = model.ParameterCount };
    }
}
