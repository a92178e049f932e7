namespace LlmCourse.Transformers.Families;

/// <summary>Llama 1 to 3 (Touvron et al. 2023): RMSNorm before each sub-layer, rotary positions, SwiGLU, grouped queries.</summary>
internal static class Llama
{
    public static Family Family { get; } = new()
    {
        ModelTypes = ["llama"],
        Read = config => Read(config, "Llama", bos: 1, eos: 2),
        Modules = Modules,
        BasePrefix = "model.",
        Leftovers = ["model.layers.*.self_attn.rotary_emb.inv_freq", "model.rotary_emb.inv_freq", "lm_head.weight"],
    };

    /// <summary>What Llama and those that followed it have in common.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="family">The family's name, as its classes begin.</param>
    /// <param name="positions">Rotary positions, where they are worded in a way of their own.</param>
    /// <param name="bos">The id that begins a text where the file does not say.</param>
    /// <param name="eos">The id that ends one where the file does not say.</param>
    internal static TransformerConfig Read(ConfigReader config, string family, PositionConfig? positions = null, int? bos = null, int? eos = null)
    {
        HeadKind kind = Heads.Kind(config, family + "ForCausalLM");
        int headSize = HeadSize(config);
        bool attentionBias = config.Flag("attention_bias", false);
        return new TransformerConfig
        {
            VocabularySize = config.Int("vocab_size"),
            Width = config.Int("hidden_size"),
            Decoder = new StackConfig
            {
                Layers = config.Layers("num_hidden_layers"),
                Heads = config.Int("num_attention_heads"),
                KeyValueHeads = config.OptionalInt("num_key_value_heads"),
                HeadSize = headSize,
                FeedForwardWidth = config.Int("intermediate_size"),
                Causal = true,
                Positions = positions ?? Rope.Read(config, headSize),
                Norm = new NormConfig { Kind = NormKind.Rms, Epsilon = config.Number(1e-6, "rms_norm_eps"), Final = true },
                Activation = config.Activation("silu", "hidden_act"),
                Gated = true,
                QueryKeyValueBias = attentionBias,
                OutputBias = attentionBias,
                FeedForwardBias = config.Flag("mlp_bias", false),
                AttentionDropout = config.Number(0, "attention_dropout"),
            },
            Head = Heads.OfDecoder(config, kind, family),
            InitializerRange = config.Number(0.02, "initializer_range"),
            PadTokenId = config.OptionalInt("pad_token_id"),
            BosTokenId = config.Id("bos_token_id", bos),
            EosTokenIds = config.Ids("eos_token_id", eos),
        };
    }

    /// <summary>The size of a head: given, or the width shared among the heads.</summary>
    internal static int HeadSize(ConfigReader config) =>
        config.OptionalInt("head_dim") ?? config.Int("hidden_size") / Math.Max(config.Int("num_attention_heads"), 1);

    internal static ModuleName[] Modules(TransformerConfig config) =>
    [
        new("embeddings.tokens", "model.embed_tokens"),
        new("decoder.{i}.self.norm", "model.layers.{i}.input_layernorm"),
        .. new[] { "q", "k", "v", "o" }.Select(part => new ModuleName($"decoder.{{i}}.self.{part}", $"model.layers.{{i}}.self_attn.{part}_proj")),
        new("decoder.{i}.feedforward.norm", "model.layers.{i}.post_attention_layernorm"),
        .. new[] { "gate", "up", "down" }.Select(part => new ModuleName($"decoder.{{i}}.feedforward.{part}", $"model.layers.{{i}}.mlp.{part}_proj")),
        new("decoder.final_norm", "model.norm"),
        new("head.output", config.Head.Kind is HeadKind.SequenceClassification or HeadKind.TokenClassification ? "score" : "lm_head"),
    ];
}
