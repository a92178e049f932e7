using LlmCourse.Adapters;
using LlmCourse.Checkpoints;
using LlmCourse.Training.Optimizers;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Lifecycle;

/// <summary>Which parameters are trained, and what that means at each module.</summary>
internal sealed class TrainedModules
{
    private readonly Dictionary<string, Role> _roles = new(StringComparer.Ordinal);
    private readonly List<(long[] Shape, ScalarType Type)> _parameters = [];

    private TrainedModules()
    {
    }

    /// <summary>Whether the base is a constant.</summary>
    public bool FreezesBase { get; private init; }

    /// <summary>Shape and type of every trained parameter.</summary>
    public IReadOnlyList<(long[] Shape, ScalarType Type)> Parameters => _parameters;

    public long Count => _parameters.Sum(parameter => Numel(parameter.Shape));

    public long Bytes => _parameters.Sum(parameter => Numel(parameter.Shape) * TensorMemory.ElementSize(parameter.Type));

    /// <summary>Whether LoRA drops a share of its input, or trains the lengths of rows.</summary>
    public LoraOptions? Lora { get; private init; }

    public Role this[string module] => _roles.GetValueOrDefault(module);

    /// <summary>Every parameter.</summary>
    public static TrainedModules All(TransformerModel model)
    {
        TrainedModules all = new();
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.NamedParameters.Where(entry => entry.Parameter.requires_grad))
            all.Add(name[..name.LastIndexOf('.')], parameter.shape, parameter.dtype, whole: true);
        return all;
    }

    /// <summary>A LoRA adapter's.</summary>
    public static TrainedModules OfLora(LoraOptions options, TransformerModel model, AdapterSites sites)
    {
        LoraSelection selection = Adapters.Lora.Select(options, model, sites);
        BaseWeights weights = new(model);
        ScalarType type = Adapters.Lora.TypeFor(model);
        TrainedModules trained = new() { FreezesBase = true, Lora = options };
        foreach (NamedSite site in selection.Targets)
        {
            int rank = Adapters.Lora.RankAt(site, options);
            trained.Add(site.Site.Name, [rank, site.Site.Input], type, whole: false, rank);
            trained.Add(site.Site.Name, [site.Site.Output, rank], type, whole: false, rank);
            if (options.UpBias || options.Dora)
                trained.Add(site.Site.Name, [site.Site.Output], type, whole: false, rank);
        }

        foreach (NamedSite site in selection.Biases)
            trained.Add(site.Site.Name, weights.Bias(site)!.shape, type, whole: false);
        foreach (NamedSite site in selection.Trained)
        {
            trained.Add(site.Site.Name, weights.Weight(site).shape, type, whole: true);
            if (weights.Bias(site) is { } bias)
                trained.Add(site.Site.Name, bias.shape, type, whole: true);
        }

        return trained;
    }

    /// <summary>Virtual tokens' [n, D]; an encoder–decoder's have a second half, as in peft.</summary>
    public static TrainedModules OfPrompt(long tokens, TransformerModel model)
    {
        TrainedModules trained = new() { FreezesBase = true };
        trained.Add("prompt", [tokens * SoftPrompt.StoredRows(model.Config), model.Config.TableWidth], Adapters.Lora.TypeFor(model), whole: true);
        BaseWeights weights = new(model);
        foreach (NamedSite site in new AdapterSites(model, null).Head(model))
        {
            trained.Add(site.Site.Name, weights.Weight(site).shape, Adapters.Lora.TypeFor(model), whole: true);
            if (weights.Bias(site) is { } bias)
                trained.Add(site.Site.Name, bias.shape, Adapters.Lora.TypeFor(model), whole: true);
        }

        return trained;
    }

    public static TrainedModules Nothing { get; } = new() { FreezesBase = true };

    /// <summary>The bytes that an optimizer keeps: what <see cref="IUpdateRule.Moments"/> says, in fp32 at least, and a master of what is shorter.</summary>
    public long StateBytes(OptimizerOptions optimizer)
    {
        IUpdateRule rule = optimizer.Rule();
        return _parameters.Sum(parameter =>
        {
            bool isShort = TensorMemory.ElementSize(parameter.Type) < 4;
            long kept = rule.Moments(parameter.Shape).Sum(moment => Numel(moment.Shape)) + (isShort ? Numel(parameter.Shape) : 0);
            return kept * (isShort ? 4 : TensorMemory.ElementSize(parameter.Type));
        });
    }

    public static long Numel(long[] shape) => shape.Aggregate(1L, (product, size) => product * size);

    private void Add(string module, long[] shape, ScalarType type, bool whole, int rank = 0)
    {
        Role known = this[module];
        _roles[module] = new Role(known.Whole || whole, Math.Max(known.Rank, rank), known.Bytes + (Numel(shape) * TensorMemory.ElementSize(type)));
        _parameters.Add((shape, type));
    }

    /// <summary>What is trained at a module.</summary>
    /// <param name="Whole">Whether its own weight is.</param>
    /// <param name="Rank">The rank of LoRA's factors there, or 0.</param>
    /// <param name="Bytes">Of the gradients.</param>
    public readonly record struct Role(bool Whole, int Rank, long Bytes)
    {
        /// <summary>Whether anything is, so that its output has a gradient.</summary>
        public bool Any => Bytes > 0;
    }
}
