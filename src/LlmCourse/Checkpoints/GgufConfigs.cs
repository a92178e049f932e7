using System.Text.Json.Nodes;
using LlmCourse.Transformers.Families;

namespace LlmCourse.Checkpoints;

/// <summary>
/// config.json of each architecture from the metadata of a GGUF file. What the metadata does not say, because llama.cpp has it in
/// its code, is said here as that code has it.
/// </summary>
internal static class GgufConfigs
{
    // The sizes by which llama.cpp knows the two largest Gemmas, whose scores are scaled by another number than the head's size.
    private const int LayersOfGemma2With27B = 46, LayersOfGemma3With27B = 62;

    public static JsonObject Llama(GgufKeys keys, GgufModel model)
    {
        JsonObject config = Decoder(keys, model, "llama", "LlamaForCausalLM");
        config["attention_bias"] = model.Has("blk.0.attn_q.bias");
        config["mlp_bias"] = model.Has("blk.0.ffn_up.bias");
        if (model.Has("rope_freqs.weight"))
            config["rope_parameters"] = GgufRope.Llama3(keys, model, HeadSize(keys));
        return config;
    }

    public static JsonObject Qwen2(GgufKeys keys, GgufModel model)
    {
        JsonObject config = Decoder(keys, model, "qwen2", "Qwen2ForCausalLM");
        config["use_sliding_window"] = false;
        return config;
    }

    public static JsonObject Qwen3(GgufKeys keys, GgufModel model)
    {
        JsonObject config = Decoder(keys, model, "qwen3", "Qwen3ForCausalLM");
        config["use_sliding_window"] = false;
        config["attention_bias"] = model.Has("blk.0.attn_q.bias");
        return config;
    }

    public static JsonObject Gemma(GgufKeys keys, GgufModel model)
    {
        JsonObject config = Decoder(keys, model, "gemma", "GemmaForCausalLM");
        Tanh(config);
        return config;
    }

    public static JsonObject Gemma2(GgufKeys keys, GgufModel model)
    {
        JsonObject config = Decoder(keys, model, "gemma2", "Gemma2ForCausalLM");
        Tanh(config);
        int layers = keys.Int("block_count");
        config["query_pre_attn_scalar"] = layers == LayersOfGemma2With27B ? WidthOfHeads(keys) : HeadSize(keys);
        config["attn_logit_softcapping"] = keys.OptionalReal("attn_logit_softcapping") ?? 50;
        config["final_logit_softcapping"] = keys.OptionalReal("final_logit_softcapping") ?? 30;
        config["sliding_window"] = keys.OptionalInt("attention.sliding_window") ?? 4096;
        config["layer_types"] = LayerTypes(layers, pattern: 2);
        return config;
    }

    public static JsonObject Gemma3(GgufKeys keys, GgufModel model)
    {
        JsonObject config = Decoder(keys, model, "gemma3_text", "Gemma3ForCausalLM");
        Tanh(config);
        int layers = keys.Int("block_count");
        config["query_pre_attn_scalar"] = layers == LayersOfGemma3With27B ? WidthOfHeads(keys) : HeadSize(keys);
        config["final_logit_softcapping"] = keys.OptionalReal("final_logit_softcapping") is { } cap and not 0 ? cap : null;
        config["sliding_window"] = keys.Int("attention.sliding_window");
        config["layer_types"] = LayerTypes(layers, keys.OptionalInt("attention.sliding_window_pattern") ?? 6);
        // Layers with a window have rotations of their own, without the scaling of the others.
        JsonNode full = config["rope_parameters"]!.DeepClone();
        JsonObject local = new() { ["rope_type"] = "default", ["rope_theta"] = keys.OptionalReal("rope.freq_base_swa") ?? 10_000 };
        config["rope_parameters"] = new JsonObject { ["full_attention"] = full, ["sliding_attention"] = local };
        return config;
    }

    public static JsonObject Phi3(GgufKeys keys, GgufModel model)
    {
        JsonObject config = Decoder(keys, model, "phi3", "Phi3ForCausalLM");
        if (keys.OptionalInt("attention.sliding_window") is > 0 and var window)
            config["sliding_window"] = window;
        int original = keys.OptionalInt("rope.scaling.original_context_length") ?? keys.Int("context_length");
        config["original_max_position_embeddings"] = original;
        if (model.Has("rope_factors_long.weight") || model.Has("rope_factors_short.weight"))
            GgufRope.Long(keys, model, config, original);
        return config;
    }

    public static JsonObject Gpt2(GgufKeys keys, GgufModel model) => new()
    {
        ["model_type"] = "gpt2",
        ["architectures"] = new JsonArray("GPT2LMHeadModel"),
        ["vocab_size"] = model.VocabularySize(keys),
        ["n_embd"] = keys.Int("embedding_length"),
        ["n_layer"] = keys.Int("block_count"),
        ["n_head"] = keys.Int("attention.head_count"),
        ["n_inner"] = keys.Int("feed_forward_length"),
        ["n_positions"] = keys.Int("context_length"),
        ["layer_norm_epsilon"] = keys.OptionalReal("attention.layer_norm_epsilon") ?? 1e-5,
        ["activation_function"] = "gelu_new",
        ["tie_word_embeddings"] = !model.Has("output.weight"),
        ["bos_token_id"] = keys.OptionalIntAt("tokenizer.ggml.bos_token_id"),
        ["eos_token_id"] = keys.OptionalIntAt("tokenizer.ggml.eos_token_id"),
        ["pad_token_id"] = keys.OptionalIntAt("tokenizer.ggml.padding_token_id"),
    };

    private static JsonObject Decoder(GgufKeys keys, GgufModel model, string type, string architecture)
    {
        if (keys.OptionalInt("expert_count") is > 0)
            throw new CheckpointException(keys.Path, $"it is a mixture of experts ({keys.Architecture}.expert_count), which is not supported.");
        int heads = keys.Int("attention.head_count"), headSize = HeadSize(keys);
        if (keys.OptionalInt("attention.value_length") is { } valueSize && valueSize != headSize)
            throw new CheckpointException(keys.Path, $"its values have {valueSize} numbers a head and its keys {headSize}, which is not supported.");
        return new JsonObject
        {
            ["model_type"] = type,
            ["architectures"] = new JsonArray(architecture),
            ["vocab_size"] = model.VocabularySize(keys),
            ["hidden_size"] = keys.Int("embedding_length"),
            ["num_hidden_layers"] = keys.Int("block_count"),
            ["num_attention_heads"] = heads,
            ["num_key_value_heads"] = keys.OptionalInt("attention.head_count_kv") ?? heads,
            ["head_dim"] = headSize,
            ["intermediate_size"] = keys.Int("feed_forward_length"),
            ["max_position_embeddings"] = keys.Int("context_length"),
            ["rms_norm_eps"] = keys.OptionalReal("attention.layer_norm_rms_epsilon") ?? 1e-6,
            ["rope_parameters"] = GgufRope.Parameters(keys, headSize),
            ["hidden_act"] = "silu",
            ["tie_word_embeddings"] = !model.Has("output.weight"),
            ["bos_token_id"] = keys.OptionalIntAt("tokenizer.ggml.bos_token_id"),
            ["eos_token_id"] = keys.OptionalIntAt("tokenizer.ggml.eos_token_id"),
            ["pad_token_id"] = keys.OptionalIntAt("tokenizer.ggml.padding_token_id"),
        };
    }

    private static int HeadSize(GgufKeys keys) => keys.OptionalInt("attention.key_length") ?? WidthOfHeads(keys);

    private static int WidthOfHeads(GgufKeys keys) => keys.Int("embedding_length") / Math.Max(keys.Int("attention.head_count"), 1);

    private static void Tanh(JsonObject config)
    {
        config["hidden_activation"] = "gelu_pytorch_tanh";
        config["hidden_act"] = "gelu_pytorch_tanh";
    }

    /// <summary>The last layer of every group sees everything, the others a window.</summary>
    private static JsonArray LayerTypes(int layers, int pattern) =>
        [.. Enumerable.Range(1, Math.Clamp(layers, 0, ConfigReader.MaxLayers)).Select(layer => JsonValue.Create(layer % Math.Max(pattern, 1) == 0 ? "full_attention" : "sliding_attention"))];
}
