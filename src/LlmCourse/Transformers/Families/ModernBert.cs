namespace LlmCourse.Transformers.Families;

/// <summary>
/// ModernBERT (Warner et al. 2024): norms before each sub-layer, rotary positions, gated GELU, no biases; every third layer sees all, the
/// others half a window either way, with a base of their own.
/// </summary>
internal static class ModernBert
{
    public static Family Family { get; } = new()
    {
        ModelTypes = ["modernbert"],
        Read = Read,
        Modules = Modules,
        BasePrefix = "model.",
        Leftovers = ["decoder.weight"],
    };

    private static TransformerConfig Read(ConfigReader config)
    {
        HeadKind kind = Heads.Kind(config, "ModernBertForMaskedLM");
        int width = config.Int("hidden_size"), heads = config.Int("num_attention_heads"), layers = config.Layers("num_hidden_layers");
        int headSize = width / Math.Max(heads, 1), every = config.OptionalInt("global_attn_every_n_layers") ?? 3;
        TransformerConfig.Positive(every, "global_attn_every_n_layers");
        IReadOnlyList<bool> windowed = LayerTypes.Windowed(config, layers, layer => layer % every != 0);
        int reach = (config.OptionalInt("local_attention") ?? 128) / 2; // either way, beside the token itself
        PositionConfig global = LayerTypes.Rotary(config, headSize, "full_attention", "global_rope_theta", 160_000);
        PositionConfig local = LayerTypes.Rotary(config, headSize, "sliding_attention", "local_rope_theta", 10_000);
        bool attentionBias = config.Flag("attention_bias", false);
        double attentionDropout = config.Number(0, "attention_dropout");
        StackConfig encoder = new()
        {
            Layers = layers,
            Heads = heads,
            HeadSize = headSize,
            FeedForwardWidth = config.Int("intermediate_size"),
            Positions = global,
            LayerPositions = [.. windowed.Select(has => has ? local : global)],
            Windows = [.. windowed.Select(has => has ? reach + 1 : (int?)null)],
            Norm = new NormConfig
            {
                Kind = NormKind.Layer,
                Epsilon = config.Number(1e-5, "norm_eps"),
                Bias = config.Flag("norm_bias", false),
                Embedding = true,
                SkipFirst = true,
                Final = true,
            },
            Activation = config.Activation("gelu", "hidden_activation"),
            Gated = true,
            FusedGateUp = true,
            FusedQueryKeyValue = true,
            QueryKeyValueBias = attentionBias,
            OutputBias = attentionBias,
            FeedForwardBias = config.Flag("mlp_bias", false),
            EmbeddingDropout = config.Number(0, "embedding_dropout"),
            AttentionDropout = attentionDropout,
            AttentionOutputDropout = attentionDropout,
            ActivationDropout = config.Number(0, "mlp_dropout"),
        };
        bool mean = config.Text("classifier_pooling") switch
        {
            null or "cls" => false,
            "mean" => true,
            string other => throw new UnsupportedModelException($"config.json: \"classifier_pooling\": \"{other}\" is not supported; supported: cls, mean."),
        };
        HeadConfig head = kind switch
        {
            HeadKind.MaskedLanguageModel => Heads.Masked(config, default) with { Bias = config.Flag("decoder_bias", true) },
            HeadKind.SequenceClassification => Heads.Classifier(config, kind, config.Number(0, "classifier_dropout")) with { Bias = true, Mean = mean },
            HeadKind.TokenClassification => Heads.Classifier(config, kind, config.Number(0, "classifier_dropout")) with { Bias = true },
            HeadKind.None => new HeadConfig(),
            _ => throw Heads.Unsupported("ModernBERT", kind),
        };
        return new TransformerConfig
        {
            VocabularySize = config.Int("vocab_size"),
            Width = width,
            Encoder = encoder,
            Head = kind == HeadKind.None ? head : head with
            {
                Transform = config.Activation("gelu", "classifier_activation"),
                TransformBias = config.Flag("classifier_bias", false),
                TransformNorm = true,
            },
            InitializerRange = config.Number(0.02, "initializer_range"),
            PadTokenId = config.OptionalInt("pad_token_id") ?? 50_283,
            BosTokenId = config.Id("bos_token_id", 50_281),
            EosTokenIds = config.Ids("eos_token_id", 50_282),
        };
    }

    private static ModuleName[] Modules(TransformerConfig config) =>
    [
        new("embeddings.tokens", "model.embeddings.tok_embeddings"),
        new("encoder.embedding_norm", "model.embeddings.norm"),
        new("encoder.{i}.self.norm", "model.layers.{i}.attn_norm"),
        new("encoder.{i}.self.qkv", "model.layers.{i}.attn.Wqkv"),
        new("encoder.{i}.self.o", "model.layers.{i}.attn.Wo"),
        new("encoder.{i}.feedforward.norm", "model.layers.{i}.mlp_norm"),
        new("encoder.{i}.feedforward.gate_up", "model.layers.{i}.mlp.Wi"),
        new("encoder.{i}.feedforward.down", "model.layers.{i}.mlp.Wo"),
        new("encoder.final_norm", "model.final_norm"),
        new("head.dense", "head.dense"),
        new("head.norm", "head.norm"),
        new("head.output", config.Head.Kind == HeadKind.MaskedLanguageModel ? "decoder" : "classifier"),
    ];
}
