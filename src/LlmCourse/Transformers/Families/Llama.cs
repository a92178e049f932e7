namespace LlmCourse.Transformers.Families;

/// <summary>Llama 1 to 3 (Touvron et al. 2023): RMSNorm before each sub-layer, rotary positions, SwiGLU, grouped queries.</summary>
internal static class Llama
{
    public static Family Family { get; } = new()
    {
        ModelTypes = ["llama"],
        Read = Read,
        Modules = Modules,
        BasePrefix = "model.",
        Leftovers = ["model.layers.*.self_attn.rotary_emb.inv_freq", "model.rotary_emb.inv_freq", "lm_head.weight"],
    };

    private static TransformerConfig Read(ConfigReader config)
    {
        HeadKind kind = Heads.Kind(config, "LlamaForCausalLM");
        int width = config.Int("hidden_size"), heads = config.Int("num_attention_heads");
        int headSize = config.OptionalInt("head_dim") ?? width / Math.Max(heads, 1);
        bool attentionBias = config.Flag("attention_bias", false);
        return new TransformerConfig
        {
            VocabularySize = config.Int("vocab_size"),
            Width = width,
            Decoder = new StackConfig
            {
                Layers = config.Int("num_hidden_layers"),
                Heads = heads,
                KeyValueHeads = config.OptionalInt("num_key_value_heads"),
                HeadSize = headSize,
                FeedForwardWidth = config.Int("intermediate_size"),
                Causal = true,
                Positions = Rope.Read(config, headSize),
                Norm = new NormConfig { Kind = NormKind.Rms, Epsilon = config.Number(1e-6, "rms_norm_eps"), Final = true },
                Activation = config.Activation("silu", "hidden_act"),
                Gated = true,
                QueryKeyValueBias = attentionBias,
                OutputBias = attentionBias,
                FeedForwardBias = config.Flag("mlp_bias", false),
                AttentionDropout = config.Number(0, "attention_dropout"),
            },
            Head = kind switch
            {
                HeadKind.LanguageModel => new HeadConfig { Kind = kind, Tied = config.Flag("tie_word_embeddings", false) },
                HeadKind.SequenceClassification => Heads.Classifier(config, kind, dropout: 0),
                HeadKind.None => new HeadConfig(),
                _ => throw Heads.Unsupported("Llama", kind),
            },
            InitializerRange = config.Number(0.02, "initializer_range"),
            PadTokenId = config.OptionalInt("pad_token_id"),
            BosTokenId = config.OptionalInt("bos_token_id"),
            EosTokenIds = config.Ids("eos_token_id"),
        };
    }

    private static ModuleName[] Modules(TransformerConfig config) =>
    [
        new("embeddings.tokens", "model.embed_tokens"),
        new("decoder.{i}.self.norm", "model.layers.{i}.input_layernorm"),
        .. new[] { "q", "k", "v", "o" }.Select(part => new ModuleName($"decoder.{{i}}.self.{part}", $"model.layers.{{i}}.self_attn.{part}_proj")),
        new("decoder.{i}.feedforward.norm", "model.layers.{i}.post_attention_layernorm"),
        .. new[] { "gate", "up", "down" }.Select(part => new ModuleName($"decoder.{{i}}.feedforward.{part}", $"model.layers.{{i}}.mlp.{part}_proj")),
        new("decoder.final_norm", "model.norm"),
        new("head.output", config.Head.Kind == HeadKind.SequenceClassification ? "score" : "lm_head"),
    ];
}
