namespace LlmCourse.Transformers.Families;

/// <summary>
/// T5 v1.0, v1.1 (FLAN-T5), mT5 and UMT5 (Raffel et al. 2020): RMSNorm before each sub-layer, no biases, scores not scaled,
/// bucketed relative positions of which one table serves a stack; in UMT5 each layer has its own.
/// </summary>
internal static class T5
{
    public static Family Family { get; } = new()
    {
        ModelTypes = ["t5", "mt5", "umt5"],
        Read = Read,
        Modules = Modules,
        BaseModel = "T5EncoderModel",
        Leftovers = ["lm_head.weight", "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"],
        Copies = [("encoder.embed_tokens.weight", "shared.weight"), ("decoder.embed_tokens.weight", "shared.weight")],
    };

    private static TransformerConfig Read(ConfigReader config)
    {
        bool byLayer = config.Text("model_type") == "umt5", multilingual = byLayer || config.Text("model_type") == "mt5";
        bool encoderOnly = config.Names("architectures") is ["T5EncoderModel" or "MT5EncoderModel" or "UMT5EncoderModel", ..];
        HeadKind kind = encoderOnly ? HeadKind.None : Heads.Kind(config, "T5ForConditionalGeneration");
        if (kind is not (HeadKind.LanguageModel or HeadKind.None))
            throw Heads.Unsupported("T5", kind);
        if (!encoderOnly)
            config.Only("is_encoder_decoder", "true");
        string feedForward = config.Text("feed_forward_proj") ?? (multilingual ? "gated-gelu" : "relu");
        bool gated = feedForward.StartsWith("gated-", StringComparison.Ordinal);
        string activation = gated ? feedForward["gated-".Length..] : feedForward;
        if (feedForward == "gated-gelu")
            activation = "gelu_new"; // what the original code computes under that name
        int width = config.Int("d_model"), layers = config.Layers("num_layers");
        double dropout = config.Number(0.1, "dropout_rate");
        StackConfig encoder = new()
        {
            Layers = layers,
            Heads = config.Int("num_heads"),
            HeadSize = config.Int("d_kv"),
            FeedForwardWidth = config.Int("d_ff"),
            AttentionScale = 1,
            Positions = new PositionConfig
            {
                Kind = PositionKind.RelativeBias,
                Buckets = config.OptionalInt("relative_attention_num_buckets") ?? 32,
                MaxDistance = config.OptionalInt("relative_attention_max_distance") ?? 128,
                BiasByLayer = byLayer,
            },
            Norm = new NormConfig { Kind = NormKind.Rms, Epsilon = config.Number(1e-6, "layer_norm_epsilon"), Final = true },
            Gated = gated,
            Activation = ConfigReader.ParseActivation(activation)
                ?? throw new UnsupportedModelException($"config.json: \"feed_forward_proj\": \"{feedForward}\" is not supported."),
            Dropout = dropout,
            AttentionDropout = dropout,
            ActivationDropout = dropout,
            FinalDropout = true,
        };

        // Whatever files say, the head is the token table unless it is there as another tensor. Whether states are scaled does not
        // follow from that: mT5 never scales, UMT5 always.
        bool saysTied = config.Flag("tie_word_embeddings", !multilingual);
        bool tied = config.KnowsWeights || saysTied;
        bool scaled = byLayer || (!multilingual && config.Flag("scale_decoder_outputs", saysTied));
        return new TransformerConfig
        {
            VocabularySize = config.Int("vocab_size"),
            Width = width,
            Encoder = encoder,
            Decoder = encoderOnly ? null : encoder with { Layers = config.OptionalLayers("num_decoder_layers") ?? layers, Causal = true, CrossAttention = true },
            Head = new HeadConfig { Kind = kind, Tied = tied, Scale = scaled ? 1 / Math.Sqrt(width) : 1 },
            Initialization = Initialization.T5,
            PadTokenId = config.OptionalInt("pad_token_id") ?? 0,
            EosTokenIds = config.Ids("eos_token_id", 1),
            DecoderStartTokenId = config.OptionalInt("decoder_start_token_id", "pad_token_id") ?? 0,
        };
    }

    private static ModuleName[] Modules(TransformerConfig config) =>
    [
        new("embeddings.tokens", "shared"),
        .. Stack("encoder", feedForward: 1, config.Encoder!),
        .. Stack("decoder", feedForward: 2, config.Encoder!),
        .. Attention("decoder.{i}.cross", "decoder.block.{i}.layer.1", "EncDecAttention"),
        new("head.output", "lm_head"),
    ];

    private static ModuleName[] Stack(string stack, int feedForward, StackConfig config) =>
    [
        config.Positions.BiasByLayer
            ? new($"{stack}.{{i}}.relative_bias", $"{stack}.block.{{i}}.layer.0.SelfAttention.relative_attention_bias")
            : new($"{stack}.relative_bias", $"{stack}.block.0.layer.0.SelfAttention.relative_attention_bias"),
        .. Attention($"{stack}.{{i}}.self", $"{stack}.block.{{i}}.layer.0", "SelfAttention"),
        new($"{stack}.{{i}}.feedforward.norm", $"{stack}.block.{{i}}.layer.{feedForward}.layer_norm"),
        new($"{stack}.{{i}}.feedforward.gate", $"{stack}.block.{{i}}.layer.{feedForward}.DenseReluDense.wi_0"),
        new($"{stack}.{{i}}.feedforward.up", $"{stack}.block.{{i}}.layer.{feedForward}.DenseReluDense.{(config.Gated ? "wi_1" : "wi")}"),
        new($"{stack}.{{i}}.feedforward.down", $"{stack}.block.{{i}}.layer.{feedForward}.DenseReluDense.wo"),
        new($"{stack}.final_norm", $"{stack}.final_layer_norm"),
    ];

    private static ModuleName[] Attention(string ours, string theirs, string name) =>
    [
        new($"{ours}.norm", $"{theirs}.layer_norm"),
        .. new[] { "q", "k", "v", "o" }.Select(part => new ModuleName($"{ours}.{part}", $"{theirs}.{name}.{part}")),
    ];
}
