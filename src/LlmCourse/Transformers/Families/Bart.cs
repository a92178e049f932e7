namespace LlmCourse.Transformers.Families;

/// <summary>BART (Lewis et al. 2020): the original encoder–decoder with GELU, learned positions and normalised embeddings.</summary>
internal static class Bart
{
    private const int Offset = 2; // the table's first two rows belong to no position

    public static Family Family { get; } = new()
    {
        ModelTypes = ["bart"],
        Read = Read,
        Modules = Modules,
        BasePrefix = "model.",
        Leftovers = ["lm_head.weight", "model.encoder.version", "model.decoder.version"],
        Copies = [("model.encoder.embed_tokens.weight", "model.shared.weight"), ("model.decoder.embed_tokens.weight", "model.shared.weight")],
    };

    private static TransformerConfig Read(ConfigReader config)
    {
        HeadKind kind = Heads.Kind(config, "BartForConditionalGeneration");
        if (kind is not (HeadKind.LanguageModel or HeadKind.None))
            throw Heads.Unsupported("BART", kind);
        config.Only("is_encoder_decoder", "true");
        config.Only("normalize_before", "false");
        config.Only("normalize_embedding", "true");
        config.Only("add_final_layer_norm", "false");
        config.Only("encoder_layerdrop", "0.0", "0");
        config.Only("decoder_layerdrop", "0.0", "0");
        int width = config.Int("d_model");
        StackConfig Stack(string name) => new()
        {
            Layers = config.Layers(name + "_layers"),
            Heads = config.Int(name + "_attention_heads"),
            HeadSize = width / Math.Max(config.Int(name + "_attention_heads"), 1),
            FeedForwardWidth = config.Int(name + "_ffn_dim"),
            Positions = new PositionConfig
            {
                Kind = PositionKind.Learned,
                Count = checked(config.Int("max_position_embeddings") + Offset),
                Offset = Offset,
            },
            Norm = new NormConfig { Kind = NormKind.Layer, Placement = NormPlacement.Post, Embedding = true },
            Activation = config.Activation("gelu", "activation_function"),
            QueryKeyValueBias = true,
            OutputBias = true,
            FeedForwardBias = true,
            EmbeddingScale = config.Flag("scale_embedding", false) ? Math.Sqrt(width) : 1,
            Dropout = config.Number(0.1, "dropout"),
            AttentionDropout = config.Number(0, "attention_dropout"),
            ActivationDropout = config.Number(0, "activation_dropout"),
        };
        return new TransformerConfig
        {
            VocabularySize = config.Int("vocab_size"),
            Width = width,
            Encoder = Stack("encoder"),
            Decoder = Stack("decoder") with { Causal = true, CrossAttention = true },
            Head = new HeadConfig { Kind = kind, Tied = config.Flag("tie_word_embeddings", true), Bias = kind == HeadKind.LanguageModel && config.HasWeight("final_logits_bias"), FrozenBias = true },
            InitializerRange = config.Number(0.02, "init_std"),
            PadTokenId = config.OptionalInt("pad_token_id") ?? 1,
            BosTokenId = config.Id("bos_token_id", 0),
            EosTokenIds = config.Ids("eos_token_id", 2),
            DecoderStartTokenId = config.OptionalInt("decoder_start_token_id") ?? 2,
        };
    }

    private static ModuleName[] Modules(TransformerConfig config) =>
    [
        new("embeddings.tokens", "model.shared"),
        .. Stack("encoder"),
        .. Stack("decoder"),
        .. Attention("decoder.{i}.cross", "model.decoder.layers.{i}.encoder_attn"),
        new("head.output", "lm_head"),
        new("head.output.bias", "final_logits_bias", IsTensor: true),
    ];

    private static ModuleName[] Stack(string stack) =>
    [
        new($"{stack}.positions", $"model.{stack}.embed_positions"),
        new($"{stack}.embedding_norm", $"model.{stack}.layernorm_embedding"),
        .. Attention($"{stack}.{{i}}.self", $"model.{stack}.layers.{{i}}.self_attn"),
        new($"{stack}.{{i}}.feedforward.up", $"model.{stack}.layers.{{i}}.fc1"),
        new($"{stack}.{{i}}.feedforward.down", $"model.{stack}.layers.{{i}}.fc2"),
        new($"{stack}.{{i}}.feedforward.norm", $"model.{stack}.layers.{{i}}.final_layer_norm"),
    ];

    private static ModuleName[] Attention(string ours, string theirs) =>
    [
        new($"{ours}.q", $"{theirs}.q_proj"),
        new($"{ours}.k", $"{theirs}.k_proj"),
        new($"{ours}.v", $"{theirs}.v_proj"),
        new($"{ours}.o", $"{theirs}.out_proj"),
        new($"{ours}.norm", $"{theirs}_layer_norm"),
    ];
}
