namespace LlmCourse.Transformers.Families;

/// <summary>
/// GPT-2 (Radford et al. 2019): LayerNorm before each sub-layer, learned positions, q, k and v as one matrix. Its checkpoints
/// store the matrices of a block as [input, output].
/// </summary>
internal static class Gpt2
{
    public static Family Family { get; } = new()
    {
        ModelTypes = ["gpt2"],
        Read = Read,
        Modules = Modules,
        BasePrefix = "transformer.",
        Leftovers = ["transformer.h.*.attn.bias", "transformer.h.*.attn.masked_bias", "lm_head.weight"],
    };

    private static TransformerConfig Read(ConfigReader config)
    {
        HeadKind kind = Heads.Kind(config, "GPT2LMHeadModel");
        config.Only("add_cross_attention", "false");
        int width = config.Int("n_embd"), heads = config.Int("n_head");
        double dropout = config.Number(0.1, "resid_pdrop");
        return new TransformerConfig
        {
            VocabularySize = config.Int("vocab_size"),
            Width = width,
            Decoder = new StackConfig
            {
                Layers = config.Layers("n_layer"),
                Heads = heads,
                HeadSize = width / Math.Max(heads, 1),
                FeedForwardWidth = config.OptionalInt("n_inner") ?? checked(4 * width),
                Causal = true,
                FusedQueryKeyValue = true,
                AttentionScale = config.Flag("scale_attn_weights", true) ? null : 1,
                AttentionScaleByLayer = config.Flag("scale_attn_by_inverse_layer_idx", false), // reorder_and_upcast_attn only changes the order of rounding
                Positions = new PositionConfig { Kind = PositionKind.Learned, Count = config.Int("n_positions") },
                Norm = new NormConfig { Kind = NormKind.Layer, Epsilon = config.Number(1e-5, "layer_norm_epsilon"), Final = true },
                Activation = config.Activation("gelu_new", "activation_function"),
                QueryKeyValueBias = true,
                OutputBias = true,
                FeedForwardBias = true,
                Dropout = dropout,
                EmbeddingDropout = config.Number(0.1, "embd_pdrop"),
                AttentionDropout = config.Number(0.1, "attn_pdrop"),
            },
            Head = kind switch
            {
                HeadKind.LanguageModel => new HeadConfig { Kind = kind, Tied = config.Flag("tie_word_embeddings", true) },
                HeadKind.SequenceClassification => Heads.Classifier(config, kind, dropout: 0),
                HeadKind.TokenClassification => Heads.Classifier(config, kind, config.Number(0.1, "classifier_dropout", "hidden_dropout")) with { Bias = true },
                HeadKind.None => new HeadConfig(),
                _ => throw Heads.Unsupported("GPT-2", kind),
            },
            InitializerRange = config.Number(0.02, "initializer_range"),
            PadTokenId = config.OptionalInt("pad_token_id"),
            BosTokenId = config.Id("bos_token_id", 50_256),
            EosTokenIds = config.Ids("eos_token_id", 50_256),
        };
    }

    private static ModuleName[] Modules(TransformerConfig config) =>
    [
        new("embeddings.tokens", "transformer.wte"),
        new("decoder.positions", "transformer.wpe"),
        new("decoder.{i}.self.norm", "transformer.h.{i}.ln_1"),
        new("decoder.{i}.self.qkv", "transformer.h.{i}.attn.c_attn", Transposed: true),
        new("decoder.{i}.self.o", "transformer.h.{i}.attn.c_proj", Transposed: true),
        new("decoder.{i}.feedforward.norm", "transformer.h.{i}.ln_2"),
        new("decoder.{i}.feedforward.up", "transformer.h.{i}.mlp.c_fc", Transposed: true),
        new("decoder.{i}.feedforward.down", "transformer.h.{i}.mlp.c_proj", Transposed: true),
        new("decoder.final_norm", "transformer.ln_f"),
        new("head.output", config.Head.Kind switch { HeadKind.SequenceClassification => "score", HeadKind.TokenClassification => "classifier", _ => "lm_head" }),
    ];
}
