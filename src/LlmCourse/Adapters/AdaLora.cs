using LlmCourse.Runtime;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Adapters;

/// <summary>Makes AdaLoRA adapters.</summary>
internal static class AdaLora
{
    // Of A and B at first, as peft has it.
    private const double Deviation = 0.02;

    /// <summary>A new adapter for a model, which changes nothing yet: E is 0.</summary>
    public static Adapter Make(string name, AdaLoraOptions options, TransformerModel model, AdapterSites sites)
    {
        static string Property(string property) => $"{nameof(AdaLoraOptions)}.{property}";
        options = options.Validate();
        IReadOnlyList<NamedSite> trained = sites.Trained(Property(nameof(AdaLoraOptions.TrainedModules)), options.TrainedModules, model.IsClassifier);
        IReadOnlyList<NamedSite> targets = sites.Targets(Property(nameof(AdaLoraOptions.Targets)), options.Targets, options.TargetPattern, "q", "v", "qkv");
        targets = sites.OfLayers(Property(nameof(AdaLoraOptions.Layers)), [.. targets.Except(trained)], options.Layers);
        if (targets.Count == 0)
            throw new ArgumentException($"{Property(nameof(AdaLoraOptions.Targets))} names only modules that are trained in full.");
        if (targets.FirstOrDefault(site => site.Site.Kind != SiteKind.Linear) is { } table)
            throw new ArgumentException($"{Property(nameof(AdaLoraOptions.Targets))}: {table.Site.Name} is not a linear map.");
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using Generator random = new(unchecked((ulong)options.Seed), CPU);
        BaseWeights weights = new(model);
        ScalarType type = Lora.TypeFor(model);
        Tensor Normal(long rows, long columns) => randn([rows, columns], type, CPU, generator: random).TimesInPlace(Deviation).to(model.Device);
        SiteChange Start(NamedSite site) => new SingularChange(
            Normal(options.InitialRank, site.Site.Input), zeros([options.InitialRank, 1], type, model.Device), Normal(site.Site.Output, options.InitialRank), options.Scale, options.Dropout);
        IReadOnlyList<KeyValuePair<NamedSite, SiteChange>> changes = SiteChanges.All(
            targets.Select(site => KeyValuePair.Create(site, Start(site))).Concat(trained.Select(site => KeyValuePair.Create(site, Lora.Whole(site, weights, model)))));
        return new Adapter(name, AdapterMethod.AdaLora, options, changes) { Allocator = new RankAllocator(options, changes, settled: false), BaseParameterCount = model.ParameterCount };
    }
}
