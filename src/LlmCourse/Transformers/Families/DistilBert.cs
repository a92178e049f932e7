namespace LlmCourse.Transformers.Families;

/// <summary>
/// DistilBERT (Sanh et al. 2019): a BERT of half the layers without sentence types and pooler; rows are classified through a dense
/// ReLU layer.
/// </summary>
internal static class DistilBert
{
    public static Family Family { get; } = new()
    {
        ModelTypes = ["distilbert"],
        Read = Read,
        Modules = Modules,
        BasePrefix = "distilbert.",
        Leftovers = ["distilbert.embeddings.position_ids", "vocab_projector.weight"],
    };

    private static TransformerConfig Read(ConfigReader config)
    {
        HeadKind kind = Heads.Kind(config, "DistilBertForMaskedLM");
        int width = config.Int("dim", "hidden_size"), heads = config.Int("n_heads", "num_attention_heads");
        double dropout = config.Number(0.1, "dropout");
        StackConfig encoder = new()
        {
            Layers = config.Layers("n_layers", "num_hidden_layers"),
            Heads = heads,
            HeadSize = width / Math.Max(heads, 1),
            FeedForwardWidth = config.Int("hidden_dim"),
            // With sinusoidal_pos_embds the table starts as sines; files hold it either way, and theirs is read.
            Positions = new PositionConfig { Kind = PositionKind.Learned, Count = config.Int("max_position_embeddings") },
            Norm = new NormConfig { Kind = NormKind.Layer, Placement = NormPlacement.Post, Epsilon = 1e-12, Embedding = true },
            Activation = config.Activation("gelu", "activation"),
            QueryKeyValueBias = true,
            OutputBias = true,
            FeedForwardBias = true,
            Dropout = dropout,
            AttentionOutputDropout = 0,
            AttentionDropout = config.Number(0.1, "attention_dropout"),
        };
        return new TransformerConfig
        {
            VocabularySize = config.Int("vocab_size"),
            Width = width,
            Encoder = encoder,
            Head = kind switch
            {
                HeadKind.MaskedLanguageModel => Heads.Masked(config, encoder.Activation),
                HeadKind.SequenceClassification => Heads.Classifier(config, kind, config.Number(0.2, "seq_classif_dropout")) with { Bias = true, Transform = Activation.Relu },
                HeadKind.TokenClassification => Heads.Classifier(config, kind, dropout) with { Bias = true },
                HeadKind.None => new HeadConfig(),
                _ => throw Heads.Unsupported("DistilBERT", kind),
            },
            InitializerRange = config.Number(0.02, "initializer_range"),
            PadTokenId = config.OptionalInt("pad_token_id") ?? 0,
            BosTokenId = config.OptionalInt("bos_token_id"),
            EosTokenIds = config.Ids("eos_token_id"),
        };
    }

    private static ModuleName[] Modules(TransformerConfig config) =>
    [
        new("embeddings.tokens", "distilbert.embeddings.word_embeddings"),
        new("encoder.positions", "distilbert.embeddings.position_embeddings"),
        new("encoder.embedding_norm", "distilbert.embeddings.LayerNorm"),
        .. new[] { ("q", "q_lin"), ("k", "k_lin"), ("v", "v_lin"), ("o", "out_lin") }.Select(part => new ModuleName($"encoder.{{i}}.self.{part.Item1}", $"distilbert.transformer.layer.{{i}}.attention.{part.Item2}")),
        new("encoder.{i}.self.norm", "distilbert.transformer.layer.{i}.sa_layer_norm"),
        new("encoder.{i}.feedforward.up", "distilbert.transformer.layer.{i}.ffn.lin1"),
        new("encoder.{i}.feedforward.down", "distilbert.transformer.layer.{i}.ffn.lin2"),
        new("encoder.{i}.feedforward.norm", "distilbert.transformer.layer.{i}.output_layer_norm"),
        .. config.Head.Kind == HeadKind.MaskedLanguageModel
            ? new ModuleName[] { new("head.dense", "vocab_transform"), new("head.norm", "vocab_layer_norm"), new("head.output", "vocab_projector") }
            : [new("head.dense", "pre_classifier"), new("head.output", "classifier")],
    ];
}
