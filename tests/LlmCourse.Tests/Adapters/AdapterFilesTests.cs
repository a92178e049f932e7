using System.Text.Json.Nodes;
using LlmCourse.Adapters;
using LlmCourse.Checkpoints;
using LlmCourse.Tests.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Adapters;

/// <summary>Folders of adapters: what does not fit is refused by name, what means nothing is kept.</summary>
public sealed class AdapterFilesTests
{
    [SkippableFact]
    public void A_pickle_as_peft_wrote_until_2023_is_the_same_adapter()
    {
        using Llm llm = TinyAdapters.Load("llama");
        using TemporaryFolder folder = new();
        llm.Adapters.AddLora("a", new() { Initialization = LoraInitialization.Gaussian });
        llm.Adapters.Save("a", folder["adapter"]);
        string weights = folder["adapter/adapter_model.safetensors"];
        using (SafetensorsFile file = SafetensorsFile.Open(weights))
        {
            File.WriteAllBytes(folder["adapter/adapter_model.bin"], PickleBytes.Of([.. file.Weights.Values.Select(weight =>
            {
                using Tensor values = file.Read(weight.Name, ScalarType.Float32);
                float[] numbers = [.. values.data<float>()];
                return (weight.Name, "FloatStorage", weight.Shape.Select(size => (int)size).ToArray(), values.stride().Select(step => (int)step).ToArray(), 0, GgufBytes.Floats(numbers), numbers.Length);
            })]));
        }

        File.Delete(weights);
        llm.Adapters.Load("b", folder["adapter"]);
        Assert.Equal(llm.Adapters["a"].Parameters.Select(entry => entry.Name), llm.Adapters["b"].Parameters.Select(entry => entry.Name));
        foreach ((NamedParameter want, NamedParameter got) in llm.Adapters["a"].Parameters.Zip(llm.Adapters["b"].Parameters))
            TensorAssert.Same(want.Value, got.Value);
    }

    [SkippableTheory]
    [InlineData("no config", "there is no adapter_config.json")]
    [InlineData("no weights", "there is no adapter_model.safetensors and no adapter_model.bin")]
    [InlineData("not json", "it is not")]
    [InlineData("other type", "LOHA, which is not supported")]
    [InlineData("other base", "model.layers.0.self_attn.q_proj.lora_A.weight is [8, 32] and would be [8, 24]")]
    [InlineData("wrong rank", "would be [4, 32]")]
    [InlineData("missing module", "there are no tensors for model.layers.0.self_attn.q_proj")]
    [InlineData("unknown module", "the model has no modules for base_model.model.model.layers.7")]
    [InlineData("alora", "alora_invocation_tokens")]
    [InlineData("corda", "init_lora_weights")]
    [InlineData("tied", "ensure_weight_tying")]
    [InlineData("pattern", "not a regular expression")]
    [InlineData("half a rank", "rank_pattern")]
    [InlineData("no layer", "layers_to_transform")]
    public void Folders_that_do_not_fit_are_refused_by_name(string what, string message)
    {
        using Llm llm = TinyAdapters.Load("llama");
        using TemporaryFolder folder = new();
        llm.Adapters.AddLora("a");
        llm.Adapters.Save("a", folder["adapter"]);
        string config = folder["adapter/adapter_config.json"], weights = folder["adapter/adapter_model.safetensors"];
        void Set(string key, JsonNode? value)
        {
            JsonNode json = JsonNode.Parse(File.ReadAllText(config))!;
            json[key] = value;
            File.WriteAllText(config, json.ToJsonString());
        }

        void Rewrite(Func<string, string?> rename)
        {
            using var scope = NewDisposeScope();
            Dictionary<string, Tensor> tensors;
            using (SafetensorsFile file = SafetensorsFile.Open(weights))
                tensors = file.Weights.Keys.ToDictionary(key => key, key => file.Read(key));
            SafetensorsWriter.Write(weights, [.. tensors.Where(entry => rename(entry.Key) is not null).Select(entry => PendingWeight.Of(rename(entry.Key)!, entry.Value))]);
        }

        switch (what)
        {
            case "no config": File.Delete(config); break;
            case "no weights": File.Delete(weights); break;
            case "not json": File.WriteAllText(config, "{"); break;
            case "other type": Set("peft_type", "LOHA"); break;
            case "wrong rank": Set("r", 4); break;
            case "missing module": Rewrite(key => key.Contains(".0.self_attn.q_proj", StringComparison.Ordinal) ? null : key); break;
            case "unknown module": Rewrite(key => key.Replace(".0.", ".7.", StringComparison.Ordinal)); break;
            case "alora": Set("alora_invocation_tokens", new JsonArray(1, 2)); break;
            case "corda": Set("init_lora_weights", "corda"); break;
            case "tied": Set("ensure_weight_tying", true); break;
            case "pattern": Set("target_modules", "("); break;
            case "half a rank": Set("rank_pattern", new JsonObject { ["q_proj"] = 4.5 }); break;
            case "no layer": Set("layers_to_transform", new JsonArray([null])); break;
            default: break;
        }

        using Llm target = what == "other base" ? Narrow() : TinyAdapters.Load("llama");
        AdapterException error = Assert.Throws<AdapterException>(() => target.Adapters.Load("a", folder["adapter"]));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Empty(target.Adapters.Names);
    }

    [SkippableTheory]
    [InlineData("lora")]
    [InlineData("adalora")]
    [InlineData("ia3")]
    public void Modules_that_the_configuration_excludes_are_not_missed(string kind)
    {
        using Llm llm = TinyAdapters.Load("llama");
        using TemporaryFolder folder = new();
        TinyAdapters.Add(llm, "a", kind);
        llm.Adapters.Save("a", folder["adapter"]);
        string config = folder["adapter/adapter_config.json"], weights = folder["adapter/adapter_model.safetensors"];
        using (NewDisposeScope())
        {
            Dictionary<string, Tensor> tensors;
            using (SafetensorsFile file = SafetensorsFile.Open(weights))
                tensors = file.Weights.Keys.Where(key => !key.Contains("layers.1.self_attn.v_proj", StringComparison.Ordinal)).ToDictionary(key => key, key => file.Read(key));
            SafetensorsWriter.Write(weights, [.. tensors.Select(entry => PendingWeight.Of(entry.Key, entry.Value))]);
        }

        int all = llm.Adapters["a"].Modules.Count;
        Assert.Contains("layers.1.self_attn.v_proj", Assert.Throws<AdapterException>(() => llm.Adapters.Load("missing", folder["adapter"])).Message, StringComparison.Ordinal);
        foreach (JsonNode excluded in new JsonNode[] { new JsonArray("layers.1.self_attn.v_proj"), JsonValue.Create(@".*\.1\..*v_proj") })
        {
            JsonNode json = JsonNode.Parse(File.ReadAllText(config))!;
            json["exclude_modules"] = excluded;
            File.WriteAllText(config, json.ToJsonString());
            Assert.Equal(all - 1, llm.Adapters.Load("b", folder["adapter"]).Modules.Count);
            llm.Adapters.Remove("b");
        }
    }

    [SkippableFact]
    public void Layers_are_counted_by_the_first_number_of_a_name()
    {
        using Llm llm = TinyAdapters.Load("t5-gated"); // encoder.block.1.layer.0.SelfAttention.q
        using TemporaryFolder folder = new();
        llm.Adapters.AddLora("a", new() { Layers = [1] });
        llm.Adapters.Save("a", folder["adapter"]);
        string config = folder["adapter/adapter_config.json"];
        foreach (JsonNode? pattern in new JsonNode?[] { null, "block", new JsonArray("stage", "block") })
        {
            JsonNode json = JsonNode.Parse(File.ReadAllText(config))!;
            json["target_modules"] = new JsonArray("q", "v");
            json["layers_to_transform"] = new JsonArray(1);
            json["layers_pattern"] = pattern;
            File.WriteAllText(config, json.ToJsonString());
            Assert.Equal(llm.Adapters["a"].Modules.Count, llm.Adapters.Load("b", folder["adapter"]).Modules.Count);
            llm.Adapters.Remove("b");
        }
    }

    [SkippableFact]
    public void Biases_that_peft_writes_more_than_once_are_read_once()
    {
        using Llm llm = TinyAdapters.Load("bert");
        using TemporaryFolder folder = new();
        Adapter made = llm.Adapters.AddLora("a", new() { Bias = LoraBias.All, TrainedModules = ["head.dense"] });
        using (no_grad())
        {
            foreach (TorchSharp.Modules.Parameter parameter in made.Parameters.Select(parameter => parameter.Value))
                parameter.normal_();
        }

        llm.Adapters.Save("a", folder["adapter"]);
        string weights = folder["adapter/adapter_model.safetensors"];
        const string Dense = "base_model.model.cls.predictions.transform.dense", Output = "base_model.model.cls.predictions";
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> tensors;
        using (SafetensorsFile file = SafetensorsFile.Open(weights))
            tensors = file.Weights.Keys.ToDictionary(key => key, key => file.Read(key));
        tensors.Add($"{Dense}.modules_to_save.bias", tensors[$"{Dense}.bias"]);
        tensors.Add($"{Dense}.original_module.bias", zeros_like(tensors[$"{Dense}.bias"])); // the base's own, which counts nowhere
        tensors.Add($"{Output}.bias", tensors[$"{Output}.decoder.bias"]); // one parameter under two names
        SafetensorsWriter.Write(weights, [.. tensors.Select(entry => PendingWeight.Of(entry.Key, entry.Value))]);

        Adapter read = llm.Adapters.Load("b", folder["adapter"]);
        Assert.Equal(made.Parameters.Select(parameter => parameter.Name).Order(), read.Parameters.Select(parameter => parameter.Name).Order());
        Assert.All(made.Parameters, want => TensorAssert.Same(want.Value, read.Parameters.Single(got => got.Name == want.Name).Value));
    }

    [SkippableFact]
    public void Unknown_harmless_fields_are_kept()
    {
        using Llm llm = TinyAdapters.Load("gpt2");
        using TemporaryFolder folder = new();
        llm.Adapters.AddLora("a");
        llm.Adapters.Save("a", folder["adapter"]);
        string config = folder["adapter/adapter_config.json"];
        JsonNode json = JsonNode.Parse(File.ReadAllText(config))!;
        Assert.Equal("CAUSAL_LM", json["task_type"]!.GetValue<string>());
        Assert.True(json["fan_in_fan_out"]!.GetValue<bool>());
        Assert.Equal("""["c_attn"]""", json["target_modules"]!.ToJsonString());
        json["a_note"] = "kept";
        json["layers_to_transform"] = null;
        File.WriteAllText(config, json.ToJsonString());
        llm.Adapters.Load("b", folder["adapter"]);
        llm.Adapters.Save("b", folder["again"]);
        Assert.Equal("kept", JsonNode.Parse(File.ReadAllText(folder["again/adapter_config.json"]))!["a_note"]!.GetValue<string>());
    }

    private static Llm Narrow()
    {
        using TemporaryFolder folder = TinyLlm.Folder("llama");
        JsonNode config = JsonNode.Parse(File.ReadAllText(folder["config.json"]))!;
        config["hidden_size"] = 24;
        File.WriteAllText(folder["config.json"], config.ToJsonString());
        return Llm.FromConfig(folder.Path, seed: 1);
    }
}
