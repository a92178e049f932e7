using System.Reflection;
using System.Text.Json.Nodes;
using LlmCourse.Transformers;

namespace LlmCourse.Adapters;

/// <summary>What peft's configuration says of an adapter that was made here.</summary>
internal sealed class PeftDescription(Adapter adapter, TransformerModel model, AdapterSites sites)
{
    private readonly NamedSite[] _trained = [.. adapter.Changed.Where(entry => entry.Change is FullChange).Select(entry => entry.Site)];

    /// <summary>The configuration: peft's defaults, and what differs.</summary>
    public JsonObject Config()
    {
        JsonObject config = Defaults();
        config["task_type"] = TaskType();
        if (_trained.Length > 0)
            config["modules_to_save"] = new JsonArray([.. _trained.Select(Outer).Distinct().Select(name => (JsonNode)name)]);
        switch (adapter.Options)
        {
            case LoraOptions lora: Describe(config, lora); break;
            case AdaLoraOptions adaptive: Describe(config, adaptive); break;
            case Ia3Options: DescribeScales(config); break;
            case PromptTuningOptions prompt: Describe(config, prompt); break;
            case PrefixTuningOptions prefix: Describe(config, prefix); break;
            case PTuningOptions encoder: Describe(config, encoder); break;
        }

        return config;
    }

    private JsonObject Defaults()
    {
        string name = adapter.Method switch
        {
            AdapterMethod.AdaLora => "adalora",
            AdapterMethod.Ia3 => "ia3",
            AdapterMethod.PromptTuning => "prompt_tuning",
            AdapterMethod.PrefixTuning => "prefix_tuning",
            AdapterMethod.PTuning => "p_tuning",
            _ => "lora",
        };
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"LlmCourse.Adapters.Peft.{name}.json")!;
        return (JsonObject)JsonNode.Parse(stream)!;
    }

    private void Describe(JsonObject config, LoraOptions lora)
    {
        NamedSite[] factored = [.. adapter.Changed.Where(entry => entry.Change is LowRankChange or MagnitudeChange or TableChange).Select(entry => entry.Site)];
        config["r"] = lora.Rank;
        config["lora_alpha"] = WholeOr(lora.Alpha);
        config["lora_dropout"] = lora.Dropout;
        config["target_modules"] = Named([.. factored.SelectMany(site => site.Tables(model))]);
        config["bias"] = lora.Bias switch { LoraBias.None => "none", LoraBias.Targets => "lora_only", _ => "all" };
        config["lora_bias"] = lora.UpBias;
        config["use_rslora"] = lora.RankStabilized;
        config["use_dora"] = lora.Dora;
        config["fan_in_fan_out"] = factored.Any(site => site.Transposed);
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

    private void Describe(JsonObject config, AdaLoraOptions adaptive)
    {
        NamedSite[] factored = [.. adapter.Changed.Where(entry => entry.Change is SingularChange).Select(entry => entry.Site)];
        config["init_r"] = adaptive.InitialRank;
        config["target_r"] = adaptive.TargetRank;
        config["total_step"] = adaptive.TotalSteps;
        config["tinit"] = adaptive.WarmUpSteps;
        config["tfinal"] = adaptive.FinalSteps;
        config["deltaT"] = adaptive.Interval;
        config["beta1"] = adaptive.SensitivityDecay;
        config["beta2"] = adaptive.UncertaintyDecay;
        config["orth_reg_weight"] = adaptive.OrthogonalityWeight;
        config["lora_alpha"] = WholeOr(adaptive.Alpha);
        config["lora_dropout"] = adaptive.Dropout;
        config["target_modules"] = Named(factored);
        config["fan_in_fan_out"] = factored.Any(site => site.Transposed);
    }

    private void DescribeScales(JsonObject config)
    {
        (NamedSite Site, ScaleChange Change)[] scaled = [.. adapter.Changed.Where(entry => entry.Change is ScaleChange).Select(entry => (entry.Site, (ScaleChange)entry.Change))];
        config["target_modules"] = Named([.. scaled.Select(entry => entry.Site)]);
        config["feedforward_modules"] = Named([.. scaled.Where(entry => entry.Change.OfInput).Select(entry => entry.Site)]);
        config["fan_in_fan_out"] = scaled.Any(entry => entry.Site.Transposed);
    }

    private void Describe(JsonObject config, PromptTuningOptions prompt)
    {
        DescribePrompt(config);
        config["prompt_tuning_init"] = prompt.Initialization switch
        {
            PromptInitialization.Random => "RANDOM",
            PromptInitialization.Vocabulary => "SAMPLE_VOCAB",
            _ => "RANDOM", // peft would ask for a tokenizer by name; what the text became is in the file
        };
    }

    private void Describe(JsonObject config, PrefixTuningOptions prefix)
    {
        DescribePrompt(config);
        // A prefix is as wide as the keys are.
        StackConfig stack = model.Config.Last;
        config["num_attention_heads"] = stack.KeyValueHeadCount;
        config["token_dim"] = stack.KeyValueHeadCount * stack.HeadSize;
        config["encoder_hidden_size"] = prefix.ProjectionWidth ?? (stack.KeyValueHeadCount * stack.HeadSize);
        config["prefix_projection"] = prefix.Projection;
    }

    private void Describe(JsonObject config, PTuningOptions encoder)
    {
        DescribePrompt(config);
        config["encoder_hidden_size"] = encoder.HiddenWidth ?? model.Config.TableWidth;
        config["encoder_num_layers"] = encoder.Encoder == PromptEncoder.Lstm ? encoder.LstmLayers : 2;
        config["encoder_reparameterization_type"] = encoder.Encoder == PromptEncoder.Lstm ? "LSTM" : "MLP";
    }

    private void DescribePrompt(JsonObject config)
    {
        StackConfig stack = model.Config.Encoder ?? model.Config.Last;
        config["num_virtual_tokens"] = adapter.VirtualTokens;
        config["num_attention_heads"] = stack.Heads;
        config["num_layers"] = stack.Layers;
        config["num_transformer_submodules"] = model.Config is { Encoder: not null, Decoder: not null } ? 2 : 1;
        config["token_dim"] = model.Config.TableWidth;
    }

    // The ends of the names where they mean exactly these modules, else the full names.
    private JsonArray Named(NamedSite[] chosen)
    {
        string[] ends = [.. chosen.Select(site => site.Module.Split('.')[^1]).Distinct().Order(StringComparer.Ordinal)];
        int meant = sites.All.Where(site => site.Site.Kind != SiteKind.Norm && ends.Any(site.IsModule)).Except(_trained).Count();
        IEnumerable<string> names = meant == chosen.Length ? ends : chosen.Select(site => site.Module).Order(StringComparer.Ordinal);
        return new JsonArray([.. names.Select(name => (JsonNode)name)]);
    }

    // A head of several modules is one to peft.
    private string Outer(NamedSite site)
    {
        string first = site.Module.Split('.')[0] + ".";
        NamedSite[] around = [.. sites.All.Where(other => other.Module.StartsWith(first, StringComparison.Ordinal))];
        return around.Length > 1 && model.IsClassifier && around.All(_trained.Contains) ? first[..^1] : site.Module;
    }

    private string? TaskType() => model.Config switch
    {
        { Head.Kind: HeadKind.SequenceClassification } => "SEQ_CLS",
        { Head.Kind: HeadKind.TokenClassification } => "TOKEN_CLS",
        { Head.Kind: HeadKind.LanguageModel, Encoder: not null } => "SEQ_2_SEQ_LM",
        { Head.Kind: HeadKind.LanguageModel } => "CAUSAL_LM",
        { Head.Kind: HeadKind.None } => "FEATURE_EXTRACTION",
        _ => null,
    };

    private JsonObject Pattern(NamedSite[] factored, Func<NamedSite, double> value, double usual)
    {
        JsonObject pattern = [];
        foreach (NamedSite site in factored.Where(site => value(site) != usual))
        {
            foreach (NamedSite named in site.Tables(model))
                pattern[named.Module] = WholeOr(value(site));
        }

        return pattern;
    }

    private static JsonValue WholeOr(double number) => number == Math.Floor(number) ? JsonValue.Create((long)number) : JsonValue.Create(number);
}
