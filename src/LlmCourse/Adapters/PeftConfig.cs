using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlmCourse.Adapters;

/// <summary>An <c>adapter_config.json</c> as it is read: every value that would change results and is not known is an error.</summary>
internal sealed class PeftConfig(string path, JsonObject json)
{
    // Settings of peft that make something else of an adapter than what is implemented here, with the values at which they do not.
    private static readonly string[] Unsupported =
    [
        "alora_invocation_tokens", "arrow_config", "kasa_config", "layer_replication", "megatron_config", "monteclora_config", "target_parameters",
        "trainable_token_indices", "ensure_weight_tying", "use_bdlora", "use_qalora", "velora_config", "tinylora_config",
    ];

    /// <summary>The object itself, to be written again with what is not read here.</summary>
    public JsonObject Json => json;

    public string PeftType => Text("peft_type") ?? throw Wrong("peft_type", "is missing");

    public static PeftConfig Read(string path)
    {
        try
        {
            JsonNode? node = JsonNode.Parse(File.ReadAllText(path));
            return new PeftConfig(path, node as JsonObject ?? throw new AdapterException(path, "it is not a JSON object."));
        }
        catch (JsonException error)
        {
            throw new AdapterException(path, $"it is not JSON: {error.Message}", error);
        }
    }

    public LoraOptions Lora()
    {
        RequireKnown();
        string start = json["init_lora_weights"] switch { null => "true", JsonValue value when value.TryGetValue(out bool flag) => flag ? "true" : "false", JsonNode node => node.ToString() };
        string? pattern = Text("target_modules");
        return Checked(() => new LoraOptions
        {
            Rank = Whole("r") ?? 8,
            Alpha = Number("lora_alpha") ?? 8,
            Dropout = Number("lora_dropout") ?? 0,
            Targets = pattern == LoraOptions.AllLinear ? [pattern] : pattern is null ? Texts("target_modules") : null,
            TargetPattern = pattern == LoraOptions.AllLinear ? null : pattern,
            Layers = Layers(),
            RankPattern = Pattern("rank_pattern").ToDictionary(entry => entry.Key, entry => entry.Value == (int)entry.Value ? (int)entry.Value : throw Wrong("rank_pattern", $"has the rank {entry.Value}")),
            AlphaPattern = Pattern("alpha_pattern"),
            Bias = Text("bias") switch { null or "none" => LoraBias.None, "all" => LoraBias.All, "lora_only" => LoraBias.Targets, string other => throw Wrong("bias", $"is '{other}'") },
            UpBias = Flag("lora_bias"),
            TrainedModules = [.. (Texts("modules_to_save") ?? []).Distinct()],
            RankStabilized = Flag("use_rslora"),
            Dora = Flag("use_dora"),
            Initialization = start switch
            {
                "true" or "false" or "eva" or "orthogonal" => LoraInitialization.Uniform, // the file has what became of it
                "gaussian" => LoraInitialization.Gaussian,
                "pissa" => LoraInitialization.Pissa,
                "olora" => LoraInitialization.Olora,
                _ => throw Wrong("init_lora_weights", $"is '{start}', which changes the base in a way that cannot be repeated; save the adapter with peft's path_initial_model_for_weight_conversion"),
            },
        }.Validate());
    }

    public AdaLoraOptions AdaLora()
    {
        RequireKnown();
        if (Flag("use_dora"))
            throw Wrong("use_dora", "is true, which AdaLoRA does not have");
        return Checked(() => new AdaLoraOptions
        {
            InitialRank = Whole("init_r") ?? 12,
            TargetRank = Whole("target_r") ?? 8,
            TotalSteps = Whole("total_step") ?? throw Wrong("total_step", "is missing"),
            WarmUpSteps = Whole("tinit") ?? 0,
            FinalSteps = Whole("tfinal") ?? 0,
            Interval = Whole("deltaT") ?? 1,
            SensitivityDecay = Number("beta1") ?? 0.85,
            UncertaintyDecay = Number("beta2") ?? 0.85,
            OrthogonalityWeight = Number("orth_reg_weight") ?? 0.5,
            Alpha = Number("lora_alpha") ?? 8,
            Dropout = Number("lora_dropout") ?? 0,
            TrainedModules = [.. (Texts("modules_to_save") ?? []).Distinct()],
        }.Validate());
    }

    /// <summary>The ranks that training has left to the modules of an AdaLoRA, by the checkpoint's names; null where none were chosen.</summary>
    public IReadOnlyDictionary<string, int>? AllocatedRanks(int initial, IReadOnlyList<NamedSite> sites)
    {
        const string Key = "rank_pattern", End = ".lora_E";
        if (json[Key] is not JsonObject { Count: > 0 } patterns)
            return null;
        Dictionary<string, int> ranks = new(StringComparer.Ordinal);
        foreach ((string name, JsonNode? pattern) in patterns)
        {
            string module = name.EndsWith(End, StringComparison.Ordinal) ? name[..^End.Length] : name;
            if (!sites.Any(site => site.Module == module))
                throw Wrong(Key, $"names {name}, of which the file has nothing");
            bool[] kept = pattern is not JsonArray flags ? throw Wrong(Key, $"has no list for {name}")
                : [.. flags.Select(flag => flag is JsonValue value && value.TryGetValue(out bool stays) ? stays : throw Wrong(Key, $"has something other than true and false for {name}"))];
            if (kept.Length != initial)
                throw Wrong(Key, $"has {kept.Length} values for {name} and \"init_r\" is {initial}");
            ranks[module] = kept.Count(stays => stays);
        }

        return ranks;
    }

    /// <summary>The layers of <c>layers_to_transform</c>, or null for all.</summary>
    public IReadOnlyList<int>? Layers() => json["layers_to_transform"] switch
    {
        JsonValue => [Whole("layers_to_transform")!.Value],
        JsonArray layers => [.. layers.Select(layer => layer is JsonValue number && number.TryGetValue(out int index) ? index : throw Wrong("layers_to_transform", "has something that is not a layer's number"))],
        _ => null,
    };

    public Ia3Options Ia3()
    {
        RequireKnown();
        if (json["target_modules"] is JsonValue || json["feedforward_modules"] is JsonValue)
            throw Wrong("target_modules", "is a pattern; name the modules");
        return new Ia3Options
        {
            Targets = [.. (Texts("target_modules") ?? []).Except(Texts("feedforward_modules") ?? [])],
            FeedForwardTargets = Texts("feedforward_modules") ?? [],
            TrainedModules = [.. (Texts("modules_to_save") ?? []).Distinct()],
        };
    }

    public string? Text(string key) => json[key] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    public int? Whole(string key) => json[key] is null ? null : json[key] is JsonValue value && value.TryGetValue(out int number) ? number : throw Wrong(key, "is not a whole number");

    public double? Number(string key) => json[key] is null ? null : json[key] is JsonValue value && value.TryGetValue(out double number) ? number : throw Wrong(key, "is not a number");

    public bool Flag(string key) => json[key] is not null && (json[key] is JsonValue value && value.TryGetValue(out bool flag) ? flag : throw Wrong(key, "is neither true nor false"));

    public IReadOnlyList<string>? Texts(string key) => json[key] is not JsonArray array ? null
        : [.. array.Select(item => item is JsonValue value && value.TryGetValue(out string? text) ? text : throw Wrong(key, "has something that is not a name"))];

    public AdapterException Wrong(string key, string problem) => new(path, $"\"{key}\" {problem}.");

    private Dictionary<string, double> Pattern(string key)
    {
        try
        {
            return json[key] is JsonObject patterns ? patterns.ToDictionary(entry => entry.Key, entry => entry.Value!.GetValue<double>()) : [];
        }
        catch (Exception error) when (error is InvalidOperationException or FormatException or NullReferenceException)
        {
            throw Wrong(key, "has something that is not a number");
        }
    }

    private void RequireKnown()
    {
        foreach (string key in Unsupported)
        {
            if (json[key] is JsonNode node && node.ToJsonString() is not ("false" or "null" or "{}" or "[]"))
                throw Wrong(key, $"is {node.ToJsonString()}, which is not supported");
        }
    }

    private T Checked<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            throw new AdapterException(path, error.Message, error);
        }
    }
}
