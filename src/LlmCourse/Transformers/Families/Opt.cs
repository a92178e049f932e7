namespace LlmCourse.Transformers.Families;

/// <summary>
/// OPT (Zhang et al. 2022): GPT-2's shape with ReLU and matrices of their own, positions that start in the table's third row. The 350M
/// model has its norms behind the sums, and tokens narrower than its stream.
/// </summary>
internal static class Opt
{
    private const int Offset = 2; // the table's first two rows belong to no position

    public static Family Family { get; } = new()
    {
        ModelTypes = ["opt"],
        Read = Read,
        Modules = Modules,
        BasePrefix = "model.",
        Leftovers = ["model.decoder.version", "lm_head.weight"],
    };

    private static TransformerConfig Read(ConfigReader config)
    {
        HeadKind kind = Heads.Kind(config, "OPTForCausalLM");
        if (kind == HeadKind.TokenClassification)
            throw Heads.Unsupported("OPT", kind);
        config.Only("layerdrop", "0.0", "0");
        int width = config.Int("hidden_size"), heads = config.Int("num_attention_heads"), tokens = config.OptionalInt("word_embed_proj_dim") ?? width;
        bool bias = config.Flag("enable_bias", true), before = config.Flag("do_layer_norm_before", true);
        return new TransformerConfig
        {
            VocabularySize = config.Int("vocab_size"),
            Width = width,
            EmbeddingWidth = tokens == width ? null : tokens,
            NarrowTokens = tokens != width,
            Decoder = new StackConfig
            {
                Layers = config.Layers("num_hidden_layers"),
                Heads = heads,
                HeadSize = width / Math.Max(heads, 1),
                FeedForwardWidth = config.Int("ffn_dim"),
                Causal = true,
                Positions = new PositionConfig { Kind = PositionKind.Learned, Count = checked(config.Int("max_position_embeddings") + Offset), Offset = Offset },
                Norm = new NormConfig
                {
                    Kind = NormKind.Layer,
                    Placement = before ? NormPlacement.Pre : NormPlacement.Post,
                    Affine = config.Flag("layer_norm_elementwise_affine", true),
                    Final = before && !config.Flag("_remove_final_layer_norm", false),
                },
                Activation = config.Activation("relu", "activation_function"),
                QueryKeyValueBias = bias,
                OutputBias = bias,
                FeedForwardBias = bias,
                Dropout = config.Number(0.1, "dropout"),
                EmbeddingDropout = 0,
                AttentionDropout = config.Number(0, "attention_dropout"),
            },
            Head = Heads.OfDecoder(config, kind, "OPT", tied: true),
            InitializerRange = config.Number(0.02, "init_std"),
            PadTokenId = config.OptionalInt("pad_token_id") ?? 1,
            BosTokenId = config.Id("bos_token_id", 2),
            EosTokenIds = config.Ids("eos_token_id", 2),
        };
    }

    private static ModuleName[] Modules(TransformerConfig config) =>
    [
        new("embeddings.tokens", "model.decoder.embed_tokens"),
        new("decoder.positions", "model.decoder.embed_positions"),
        new("decoder.embedding_projection", "model.decoder.project_in"),
        .. new[] { "q", "k", "v" }.Select(part => new ModuleName($"decoder.{{i}}.self.{part}", $"model.decoder.layers.{{i}}.self_attn.{part}_proj")),
        new("decoder.{i}.self.o", "model.decoder.layers.{i}.self_attn.out_proj"),
        new("decoder.{i}.self.norm", "model.decoder.layers.{i}.self_attn_layer_norm"),
        new("decoder.{i}.feedforward.up", "model.decoder.layers.{i}.fc1"),
        new("decoder.{i}.feedforward.down", "model.decoder.layers.{i}.fc2"),
        new("decoder.{i}.feedforward.norm", "model.decoder.layers.{i}.final_layer_norm"),
        new("decoder.final_norm", "model.decoder.final_layer_norm"),
        new("decoder.output_projection", "model.decoder.project_out"),
        new("head.output", config.Head.Kind == HeadKind.SequenceClassification ? "score" : "lm_head"),
    ];
}
