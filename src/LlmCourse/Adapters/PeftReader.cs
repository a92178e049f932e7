using System.Text.RegularExpressions;
using LlmCourse.Checkpoints;
using LlmCourse.Runtime;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Adapters;

/// <summary>Reads the folder of an adapter as peft writes it.</summary>
internal sealed class PeftReader(string folder, TransformerModel model, AdapterSites sites)
{
    public const string ConfigFile = "adapter_config.json";
    public const string WeightsFile = "adapter_model.safetensors";

    // What peft wrote by default until 2023.
    private const string PickledFile = "adapter_model.bin";

    private readonly string _weights = Path.Combine(folder, File.Exists(Path.Combine(folder, WeightsFile)) ? WeightsFile : PickledFile);
    private readonly BaseWeights _base = new(model);
    private readonly ScalarType _type = Lora.TypeFor(model);

    /// <summary>The adapter under a name of the caller's.</summary>
    public Adapter Read(string name)
    {
        string path = Path.Combine(folder, ConfigFile);
        if (!File.Exists(path))
            throw new AdapterException(folder, $"there is no {ConfigFile}.");
        PeftConfig config = PeftConfig.Read(path);
        if (!File.Exists(_weights))
            throw new AdapterException(folder, $"there is no {WeightsFile} and no {PickledFile}.");
        using IWeightSource file = Path.GetFileName(_weights) == WeightsFile ? SafetensorsFile.Open(_weights) : PickleFile.Open(_weights);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        try
        {
            return Read(name, config, file);
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or NotSupportedException or RegexMatchTimeoutException)
        {
            throw new AdapterException(path, error.Message, error); // a pattern or a name in the configuration
        }
    }

    private Adapter Read(string name, PeftConfig config, IWeightSource file)
    {
        return config.PeftType switch
        {
            "LORA" => ReadLora(name, config, file),
            "ADALORA" => ReadAdaLora(name, config, file),
            "IA3" => ReadIa3(name, config, file),
            "PROMPT_TUNING" or "P_TUNING" or "PREFIX_TUNING" => ReadPrompt(name, config, file),
            string other => throw config.Wrong("peft_type", $"is {other}, which is not supported"),
        };
    }

    private Adapter ReadLora(string name, PeftConfig config, IWeightSource file)
    {
        LoraOptions options = config.Lora();
        PeftKeys keys = new(_weights, file, model, sites);
        HashSet<NamedSite> trained = [.. TrainedIn(options.TrainedModules)];
        NamedSite[] factored = [.. keys.Sites.Where(site => keys.Has(site, "lora_A.weight") || keys.Has(site, "lora_embedding_A"))];
        keys.Require(PeftTargets.Of(config, sites).Except(trained), "lora_A.weight", "lora_embedding_A");
        keys.RequireShapes(factored.SelectMany(site => Lora.ScaleAt(site, options).Rank is var rank && site.Site.Kind == SiteKind.Table
            ? new (NamedSite, string, long[])[] { (site, "lora_embedding_A", [rank, site.Site.Input]), (site, "lora_embedding_B", [site.Site.Output, rank]) }
            : [(site, "lora_A.weight", [rank, site.Site.Input]), (site, "lora_B.weight", [site.Site.Output, rank]), (site, "lora_B.bias", [site.Site.Output]), (site, "lora_magnitude_vector", [site.Site.Output])]));
        if (keys.Sites.FirstOrDefault(site => keys.Has(site, "lora_magnitude_vector") && (!options.Dora || site.Site.Kind == SiteKind.Table)) is { } unread)
            throw new AdapterException(_weights, $"{unread.Module} has a magnitude, which is supported for linear maps of a DoRA adapter only.");
        foreach (NamedSite site in factored)
            RequireOwnTable(site, keys);
        return Build(name, AdapterMethod.Lora, options, config, factored.Select(site => Factors(site, options, keys)).Concat(Kept(keys, trained, factored)));
    }

    private Adapter ReadAdaLora(string name, PeftConfig config, IWeightSource file)
    {
        AdaLoraOptions options = config.AdaLora();
        PeftKeys keys = new(_weights, file, model, sites);
        HashSet<NamedSite> trained = [.. TrainedIn(options.TrainedModules)];
        NamedSite[] factored = [.. keys.Sites.Where(site => keys.Has(site, "lora_E"))];
        if (factored.FirstOrDefault(site => site.Site.Kind != SiteKind.Linear) is { } table)
            throw new AdapterException(_weights, $"{table.Module} is not a linear map.");
        keys.Require(PeftTargets.Of(config, sites).Except(trained), "lora_E");
        // Training has cut each module to a rank of its own; the scale stays that of the first one.
        IReadOnlyDictionary<string, int>? ranks = config.AllocatedRanks(options.InitialRank, factored);
        keys.RequireShapes(factored.SelectMany(site => (ranks?.GetValueOrDefault(site.Module, options.InitialRank) ?? options.InitialRank) is var rank
            ? new (NamedSite, string, long[])[] { (site, "lora_A", [rank, site.Site.Input]), (site, "lora_E", [rank, 1]), (site, "lora_B", [site.Site.Output, rank]) } : []));
        return Build(name, AdapterMethod.AdaLora, options, config, factored
            .Select(site => KeyValuePair.Create<NamedSite, SiteChange>(site, new SingularChange(Read(keys, site, "lora_A"), Read(keys, site, "lora_E"), Read(keys, site, "lora_B"), options.Scale, options.Dropout)))
            .Concat(Kept(keys, trained, factored)), allocator: changes => new RankAllocator(options, changes, settled: ranks is not null));
    }

    private Adapter ReadIa3(string name, PeftConfig config, IWeightSource file)
    {
        Ia3Options options = config.Ia3();
        PeftKeys keys = new(_weights, file, model, sites);
        HashSet<NamedSite> trained = [.. TrainedIn(options.TrainedModules)];
        NamedSite[] scaled = [.. keys.Sites.Where(site => keys.Has(site, "ia3_l"))];
        bool OfInput(NamedSite site) => options.FeedForwardTargets!.Any(site.IsCalled);
        keys.Require(PeftTargets.Of(config, sites).Except(trained), "ia3_l");
        keys.RequireShapes(scaled.Select(site => (site, "ia3_l", OfInput(site) ? new[] { 1L, site.Site.Input } : [site.Site.Output, 1L])));
        return Build(name, AdapterMethod.Ia3, options, config, scaled.Select(site => KeyValuePair.Create<NamedSite, SiteChange>(site, new ScaleChange(Read(keys, site, "ia3_l"), OfInput(site))))
            .Concat(Kept(keys, trained, [])));
    }

    // What is in the file is finished: a network that made it is gone, and training goes on with what it made.
    private Adapter ReadPrompt(string name, PeftConfig config, IWeightSource file)
    {
        const string Key = "prompt_embeddings";
        PeftKeys keys = new(_weights, file, model, sites, Key);
        if (!file.Weights.TryGetValue(Key, out WeightInfo? stored))
            throw new AdapterException(_weights, $"there is no tensor {Key}.");
        int count = config.Whole("num_virtual_tokens") ?? throw config.Wrong("num_virtual_tokens", "is missing");
        bool prefix = config.PeftType == "PREFIX_TUNING";
        long width = prefix ? PrefixTuning.Width(model.Config) : model.Config.TableWidth;
        if (stored.Shape is not [long rows, long columns] || columns != width || rows < count || count < 1 || (prefix && rows != count))
            throw new AdapterException(_weights, $"{Key} is [{string.Join(", ", stored.Shape)}] and would be [{count}, {width}] for this model.");
        AdapterMethod method = prefix ? AdapterMethod.PrefixTuning : config.PeftType == "P_TUNING" ? AdapterMethod.PTuning : AdapterMethod.PromptTuning;
        HashSet<NamedSite> trained = [.. TrainedIn(config.Texts("modules_to_save") ?? [])];
        Tensor finished = file.Read(Key, _type).to(model.Device);
        return Build(name, method, config, config, Kept(keys, trained, []), prefix ? new PrefixTuning(finished, model.Config) : new PromptTuning(finished, count));
    }

    private Adapter Build(string name, AdapterMethod method, object options, PeftConfig config, IEnumerable<KeyValuePair<NamedSite, SiteChange>> changes, SoftPrompt? prompt = null,
        Func<IReadOnlyList<KeyValuePair<NamedSite, SiteChange>>, RankAllocator>? allocator = null)
    {
        try
        {
            IReadOnlyList<KeyValuePair<NamedSite, SiteChange>> made = SiteChanges.All(changes);
            return new Adapter(name, method, options, made) { Allocator = allocator?.Invoke(made), Source = config.Json, Prompt = prompt, BaseParameterCount = model.ParameterCount };
        }
        catch
        {
            prompt?.Dispose();
            throw;
        }
    }

    private KeyValuePair<NamedSite, SiteChange> Factors(NamedSite site, LoraOptions options, PeftKeys keys)
    {
        if (site.Site.Kind == SiteKind.Table)
            return KeyValuePair.Create(site, Lora.Change(site, options, _base.Weight(site), Read(keys, site, "lora_embedding_A"), Read(keys, site, "lora_embedding_B")));
        Tensor? upBias = options.UpBias ? Read(keys, site, "lora_B.bias") : null;
        Tensor? magnitude = options.Dora ? Read(keys, site, "lora_magnitude_vector") : null;
        return KeyValuePair.Create(site, Lora.Change(site, options, _base.Weight(site).detach(), Read(keys, site, "lora_A.weight"), Read(keys, site, "lora_B.weight"), upBias, magnitude));
    }

    // Modules trained in full, and trained biases.
    private IEnumerable<KeyValuePair<NamedSite, SiteChange>> Kept(PeftKeys keys, HashSet<NamedSite> trained, NamedSite[] factored)
    {
        keys.RequireShapes(keys.Sites.SelectMany(site => new (NamedSite, string, long[])[] { (site, "weight", StoredShape(site)), (site, "bias", [site.Site.Output]), (site, "base_layer.bias", [site.Site.Output]) }));
        foreach (NamedSite site in keys.Sites)
        {
            if (trained.Contains(site))
            {
                Tensor weight = Read(keys, site, "weight");
                Tensor? bias = _base.Bias(site) is null ? null : Read(keys, site, "bias");
                yield return KeyValuePair.Create<NamedSite, SiteChange>(site, new FullChange(site.Transposed ? weight.t() : weight, bias, site.Site.Kind == SiteKind.Norm));
            }
            else if (keys.Has(site, "weight"))
            {
                throw new AdapterException(_weights, $"{site.Module}.weight is in the file, and \"modules_to_save\" does not name it.");
            }
            else if (keys.Has(site, "base_layer.bias") || keys.Has(site, "bias"))
            {
                bool targeted = keys.Has(site, "base_layer.bias");
                yield return KeyValuePair.Create<NamedSite, SiteChange>(site, new BiasChange(Read(keys, site, targeted ? "base_layer.bias" : "bias"), targeted || factored.Contains(site)));
            }
        }
    }

    // peft saves the base's table beside an adapter on it: it must be the one of this model.
    private void RequireOwnTable(NamedSite site, PeftKeys keys)
    {
        if (!keys.Has(site, "base_layer.weight"))
            return;
        Tensor stored = keys.Read(site, "base_layer.weight", model.Type).to(model.Device), own = _base.Weight(site).detach();
        if (!stored.shape.AsSpan().SequenceEqual(own.shape) || !stored.eq(own).all().IsTrue())
            throw new AdapterException(_weights, $"{site.Module} brings a table of its own ({string.Join(" × ", stored.shape)}) that is not this model's: load the base it was made for.");
    }

    private IEnumerable<NamedSite> TrainedIn(IReadOnlyList<string> modules) =>
        modules.SelectMany(module => sites.Ending(module)).Distinct(); // peft names heads that another model would have

    private Tensor Read(PeftKeys keys, NamedSite site, string suffix) => keys.Read(site, suffix, _type).to(model.Device);

    private static long[] StoredShape(NamedSite site) => site.Site.Kind switch
    {
        SiteKind.Norm => [site.Site.Output],
        SiteKind.Table => [site.Site.Input, site.Site.Output],
        _ => site.Transposed ? [site.Site.Input, site.Site.Output] : [site.Site.Output, site.Site.Input],
    };
}
