using System.Text.Json;
using System.Text.Json.Nodes;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Checkpoints;

/// <summary>
/// A GGUF file of the llama architecture seen as a Hugging Face checkpoint: its metadata as config.json, its tensors under
/// Hugging Face's names, the rows of q and k in Hugging Face's order.
/// </summary>
internal sealed class LlamaGguf : IWeightSource
{
    private readonly GgufFile _file;
    private readonly Dictionary<string, string> _stored = new(StringComparer.Ordinal);
    private readonly Dictionary<string, WeightInfo> _weights = new(StringComparer.Ordinal);
    private readonly int _heads;
    private readonly int _keyValueHeads;

    private LlamaGguf(GgufFile file, string path)
    {
        _file = file;
        string architecture = Value<string>(file, path, "general.architecture");
        if (architecture != "llama")
            throw new CheckpointException(path, $"its architecture is \"{architecture}\"; supported in GGUF files: llama.");
        foreach ((string name, WeightInfo weight) in file.Weights)
        {
            if (name == "rope_freqs.weight")
                throw new CheckpointException(path, "it has rope_freqs.weight, rotary frequencies as a tensor, which is not supported: use the Hugging Face folder.");
            string theirs = HuggingFaceName(name);
            _stored[theirs] = name;
            _weights[theirs] = weight with { Name = theirs };
        }

        _heads = Number(file, path, "llama.attention.head_count");
        _keyValueHeads = OptionalNumber(file, path, "llama.attention.head_count_kv") ?? _heads;
        Config = MakeConfig(path);
    }

    /// <summary>What config.json would say.</summary>
    public JsonElement Config { get; }

    public GgufFile File => _file;

    public IReadOnlyDictionary<string, WeightInfo> Weights => _weights;

    public static LlamaGguf Open(string path)
    {
        GgufFile file = GgufFile.Open(path);
        try
        {
            return new LlamaGguf(file, path);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void CopyTo(string name, Tensor destination)
    {
        int heads = name.Contains("q_proj.", StringComparison.Ordinal) ? _heads
            : name.Contains("k_proj.", StringComparison.Ordinal) ? _keyValueHeads : 0; // weight and bias
        if (heads == 0)
        {
            _file.CopyTo(_stored[name], destination);
            return;
        }

        using var noGrad = no_grad();
        using Tensor rows = _file.Read(_stored[name]);
        using Tensor turned = LlamaRows.ToHuggingFace(rows, heads);
        destination.copy_(turned);
    }

    public void Dispose() => _file.Dispose();

    private static string HuggingFaceName(string name)
    {
        string[] parts = name.Split('.');
        if (parts is ["blk", string layer, string module, string kind])
        {
            string? theirs = module switch
            {
                "attn_norm" => "input_layernorm",
                "attn_q" => "self_attn.q_proj",
                "attn_k" => "self_attn.k_proj",
                "attn_v" => "self_attn.v_proj",
                "attn_output" => "self_attn.o_proj",
                "ffn_norm" => "post_attention_layernorm",
                "ffn_gate" => "mlp.gate_proj",
                "ffn_up" => "mlp.up_proj",
                "ffn_down" => "mlp.down_proj",
                _ => null,
            };
            if (theirs is not null)
                return $"model.layers.{layer}.{theirs}.{kind}";
        }

        return name switch
        {
            "token_embd.weight" => "model.embed_tokens.weight",
            "output_norm.weight" => "model.norm.weight",
            "output.weight" => "lm_head.weight",
            _ => name, // reported as unexpected
        };
    }

    private JsonElement MakeConfig(string path)
    {
        GgufFile file = _file;
        int width = Number(file, path, "llama.embedding_length");
        int headSize = OptionalNumber(file, path, "llama.attention.key_length") ?? width / Math.Max(_heads, 1);
        if (OptionalNumber(file, path, "llama.expert_count") is > 0)
            throw new CheckpointException(path, "it is a mixture of experts (llama.expert_count), which is not supported.");
        JsonObject rope = new() { ["rope_theta"] = OptionalReal(file, path, "llama.rope.freq_base") ?? 10_000 };
        string scaling = file.Metadata.TryGetValue("llama.rope.scaling.type", out object? kind) ? kind.ToString()! : "none";
        if (scaling != "none")
        {
            if (scaling != "linear")
                throw new UnsupportedModelException($"{path}: llama.rope.scaling.type \"{scaling}\" is not supported; supported: none, linear. Use the Hugging Face folder.");
            rope["rope_type"] = scaling;
            rope["factor"] = OptionalReal(file, path, "llama.rope.scaling.factor");
        }
        else if (OptionalReal(file, path, "llama.rope.scale_linear") is { } factor && factor != 1)
        {
            (rope["rope_type"], rope["factor"]) = ("linear", factor); // how older files say it
        }

        if (OptionalNumber(file, path, "llama.rope.dimension_count") is { } rotated && rotated != headSize)
            rope["partial_rotary_factor"] = (double)rotated / headSize;
        int vocabulary = _weights.TryGetValue("model.embed_tokens.weight", out WeightInfo? table) && table.Shape.Length == 2 && table.Shape[0] <= int.MaxValue
            ? (int)table.Shape[0] : Number(file, path, "llama.vocab_size");
        JsonObject config = new()
        {
            ["model_type"] = "llama",
            ["architectures"] = new JsonArray("LlamaForCausalLM"),
            ["vocab_size"] = vocabulary,
            ["hidden_size"] = width,
            ["num_hidden_layers"] = Number(file, path, "llama.block_count"),
            ["num_attention_heads"] = _heads,
            ["num_key_value_heads"] = _keyValueHeads,
            ["head_dim"] = headSize,
            ["intermediate_size"] = Number(file, path, "llama.feed_forward_length"),
            ["max_position_embeddings"] = Number(file, path, "llama.context_length"),
            ["rms_norm_eps"] = OptionalReal(file, path, "llama.attention.layer_norm_rms_epsilon") ?? 1e-6,
            ["rope_parameters"] = rope,
            ["hidden_act"] = "silu",
            ["attention_bias"] = _weights.ContainsKey("model.layers.0.self_attn.q_proj.bias"),
            ["mlp_bias"] = _weights.ContainsKey("model.layers.0.mlp.up_proj.bias"),
            ["tie_word_embeddings"] = !_weights.ContainsKey("lm_head.weight"),
            ["bos_token_id"] = OptionalNumber(file, path, "tokenizer.ggml.bos_token_id"),
            ["eos_token_id"] = OptionalNumber(file, path, "tokenizer.ggml.eos_token_id"),
            ["pad_token_id"] = OptionalNumber(file, path, "tokenizer.ggml.padding_token_id"),
        };
        return JsonSerializer.SerializeToElement(config);
    }

    private static T Value<T>(GgufFile file, string path, string key) => file.Metadata.TryGetValue(key, out object? value)
        ? value is T typed ? typed : throw Wrong(path, key, value)
        : throw new CheckpointException(path, $"its metadata lacks {key}.");

    private static int Number(GgufFile file, string path, string key) =>
        OptionalNumber(file, path, key) ?? throw new CheckpointException(path, $"its metadata lacks {key}.");

    private static int? OptionalNumber(GgufFile file, string path, string key) => !file.Metadata.TryGetValue(key, out object? value) ? null : value switch
    {
        byte small => small,
        sbyte small => small,
        ushort small => small,
        short small => small,
        int number => number,
        uint number and <= int.MaxValue => (int)number,
        long number and >= int.MinValue and <= int.MaxValue => (int)number,
        ulong number and <= int.MaxValue => (int)number,
        _ => throw Wrong(path, key, value),
    };

    private static double? OptionalReal(GgufFile file, string path, string key) => !file.Metadata.TryGetValue(key, out object? value) ? null : value switch
    {
        float number when float.IsFinite(number) => number,
        double number when double.IsFinite(number) => number,
        _ => throw Wrong(path, key, value),
    };

    private static CheckpointException Wrong(string path, string key, object value) =>
        new(path, $"its metadata {key} is {value} ({value.GetType().Name}), which it cannot be.");
}
