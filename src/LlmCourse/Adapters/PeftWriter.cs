using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmCourse.Checkpoints;
using LlmCourse.Transformers;
using static TorchSharp.torch;

namespace LlmCourse.Adapters;

/// <summary>Writes an adapter as peft writes it, so that peft reads it: its tensors under the checkpoint's names, and its configuration.</summary>
internal sealed class PeftWriter(Adapter adapter, TransformerModel model, AdapterSites sites)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static readonly Dictionary<string, string> Metadata = new() { ["format"] = "pt" };

    /// <summary>Writes into an existing, empty folder.</summary>
    public void Write(string folder)
    {
        SafetensorsWriter.Write(Path.Combine(folder, PeftReader.WeightsFile), [.. Tensors().OrderBy(weight => weight.Name, StringComparer.Ordinal)], Metadata);
        File.WriteAllText(Path.Combine(folder, PeftReader.ConfigFile), Config().ToJsonString(Indented));
    }

    /// <summary>What the configuration says: peft's defaults, what the adapter was read with, and what it is.</summary>
    public JsonObject Config()
    {
        JsonObject config = adapter.Method == AdapterMethod.AdaLora ? [] : Defaults(adapter.Method == AdapterMethod.Ia3 ? "ia3" : "lora");
        foreach ((string key, JsonNode? value) in adapter.Source ?? [])
            config[key] = value?.DeepClone();
        config["inference_mode"] = true;
        config["task_type"] ??= TaskType();
        if (adapter.Source is null)
        {
            switch (adapter.Options)
            {
                case LoraOptions lora:
                    Describe(config, lora);
                    break;
                case Ia3Options:
                    Describe(config);
                    break;
            }
        }

        return new JsonObject(config.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => KeyValuePair.Create(entry.Key, entry.Value?.DeepClone())));
    }

    private IEnumerable<PendingWeight> Tensors()
    {
        foreach ((NamedSite site, SiteChange change) in adapter.Changed)
        {
            foreach (ChangeParameter parameter in change.Parameters)
            {
                bool turned = site.Transposed && parameter.Suffix == "weight";
                long[] shape = turned ? [.. parameter.Value.shape.Reverse()] : parameter.Value.shape;
                yield return new PendingWeight($"base_model.model.{site.Module}.{parameter.Suffix}", parameter.Value.dtype, shape, () =>
                {
                    using Tensor plain = parameter.Value.detach();
                    return turned ? plain.t().contiguous() : plain.alias();
                });
            }

            // As peft does for tables of this name.
            if (change is TableChange && site.Module.EndsWith("embed_tokens", StringComparison.Ordinal))
            {
                Tensor table = new BaseWeights(model).Weight(site);
                yield return new PendingWeight($"base_model.model.{site.Module}.base_layer.weight", table.dtype, table.shape, table.detach);
            }
        }
    }

    private void Describe(JsonObject config, LoraOptions lora)
    {
        NamedSite[] factored = [.. adapter.Changed.Where(entry => entry.Change is LowRankChange or MagnitudeChange or TableChange).Select(entry => entry.Site)];
        config["r"] = lora.Rank;
        config["lora_alpha"] = WholeOr(lora.Alpha);
        config["lora_dropout"] = lora.Dropout;
        config["target_modules"] = Named(factored);
        config["bias"] = lora.Bias switch { LoraBias.None => "none", LoraBias.Targets => "lora_only", _ => "all" };
        config["lora_bias"] = lora.UpBias;
        config["use_rslora"] = lora.RankStabilized;
        config["use_dora"] = lora.Dora;
        config["fan_in_fan_out"] = factored.Any(site => site.Transposed);
        config["modules_to_save"] = Trained();
        config["init_lora_weights"] = lora.Initialization switch
        {
            LoraInitialization.Uniform => true,
            LoraInitialization.Gaussian => "gaussian",
            LoraInitialization.Pissa => "pissa",
            _ => "olora",
        };
        // Under the checkpoint's full names, whatever the options called them.
        config["rank_pattern"] = Pattern(factored, site => Lora.RankAt(site, lora), lora.Rank);
        config["alpha_pattern"] = Pattern(factored, site => Lora.AlphaAt(site, lora), lora.Alpha);
    }

    private void Describe(JsonObject config)
    {
        (NamedSite Site, ScaleChange Change)[] scaled = [.. adapter.Changed.Where(entry => entry.Change is ScaleChange).Select(entry => (entry.Site, (ScaleChange)entry.Change))];
        config["target_modules"] = Named([.. scaled.Select(entry => entry.Site)]);
        config["feedforward_modules"] = Named([.. scaled.Where(entry => entry.Change.OfInput).Select(entry => entry.Site)]);
        config["fan_in_fan_out"] = scaled.Any(entry => entry.Site.Transposed);
        config["modules_to_save"] = Trained();
    }

    // The ends of the names where they mean exactly these modules, else the full names.
    private JsonArray Named(NamedSite[] chosen)
    {
        string[] ends = [.. chosen.Select(site => site.Module.Split('.')[^1]).Distinct().Order(StringComparer.Ordinal)];
        NamedSite[] kept = [.. adapter.Changed.Where(entry => entry.Change is FullChange).Select(entry => entry.Site)];
        NamedSite[] meant = [.. sites.All.Where(site => site.Site.Kind != SiteKind.Norm && ends.Any(site.IsModule)).Except(kept)];
        IEnumerable<string> names = meant.Length == chosen.Length ? ends : chosen.Select(site => site.Module).Order(StringComparer.Ordinal);
        return new JsonArray([.. names.Select(name => (JsonNode)name)]);
    }

    private JsonArray? Trained()
    {
        string[] kept = [.. adapter.Changed.Where(entry => entry.Change is FullChange).Select(entry => Outer(entry.Site)).Distinct()];
        return kept.Length == 0 ? null : new JsonArray([.. kept.Select(name => (JsonNode)name)]);
    }

    // A head of several modules is one to peft.
    private string Outer(NamedSite site)
    {
        string[] parts = site.Module.Split('.');
        return site.Site.Name.StartsWith("head.", StringComparison.Ordinal) && sites.All.Count(other => other.Module.StartsWith(parts[0] + ".", StringComparison.Ordinal)) is > 1
            && sites.All.Where(other => other.Module.StartsWith(parts[0] + ".", StringComparison.Ordinal)).All(other => other.Site.Name.StartsWith("head.", StringComparison.Ordinal))
            ? parts[0] : site.Module;
    }

    private static JsonObject Pattern(NamedSite[] factored, Func<NamedSite, double> value, double usual)
    {
        JsonObject pattern = [];
        foreach (NamedSite site in factored.Where(site => value(site) != usual))
            pattern[site.Module] = WholeOr(value(site));
        return pattern;
    }

    private static JsonValue WholeOr(double number) => number == Math.Floor(number) ? JsonValue.Create((long)number) : JsonValue.Create(number);

    private string? TaskType() => model.Config switch
    {
        { Head.Kind: HeadKind.SequenceClassification } => "SEQ_CLS",
        { Head.Kind: HeadKind.TokenClassification } => "TOKEN_CLS",
        { Head.Kind: HeadKind.LanguageModel, Encoder: not null } => "SEQ_2_SEQ_LM",
        { Head.Kind: HeadKind.LanguageModel } => "CAUSAL_LM",
        { Head.Kind: HeadKind.None } => "FEATURE_EXTRACTION",
        _ => null,
    };

    private static JsonObject Defaults(string method)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"LlmCourse.Adapters.Peft.{method}.json")!;
        return (JsonObject)JsonNode.Parse(stream)!;
    }
}
