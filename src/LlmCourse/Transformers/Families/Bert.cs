namespace LlmCourse.Transformers.Families;

/// <summary>BERT (Devlin et al. 2019): the original encoder with GELU, learned positions and sentence types.</summary>
internal static class Bert
{
    public static Family Family { get; } = new()
    {
        ModelTypes = ["bert"],
        Read = config => Read(config, "BertForMaskedLM", pad: 0, offset: 0),
        Modules = config =>
        [
            .. Modules(config, "bert"),
            new("head.dense", "cls.predictions.transform.dense"),
            new("head.norm", "cls.predictions.transform.LayerNorm"),
            .. config.Head.Kind == HeadKind.MaskedLanguageModel
                ? Heads.Decoder(config, "cls.predictions.decoder", "cls.predictions.bias")
                : [new("head.output", "classifier")],
        ],
        BasePrefix = "bert.",
        Leftovers = ["bert.embeddings.position_ids", "bert.pooler.", "cls.predictions.decoder.weight", "cls.predictions.bias", "cls.predictions.decoder.bias", "cls.seq_relationship."],
        Copies = [("cls.predictions.decoder.bias", "cls.predictions.bias")],
    };

    /// <summary>What BERT and RoBERTa have in common.</summary>
    internal static TransformerConfig Read(ConfigReader config, string otherwise, int pad, int offset)
    {
        HeadKind kind = Heads.Kind(config, otherwise);
        config.Only("is_decoder", "false");
        config.Only("add_cross_attention", "false");
        config.Only("position_embedding_type", "absolute");
        int width = config.Int("hidden_size"), heads = config.Int("num_attention_heads");
        double dropout = config.Number(0.1, "hidden_dropout_prob");
        StackConfig encoder = new()
        {
            Layers = config.Layers("num_hidden_layers"),
            Heads = heads,
            HeadSize = width / Math.Max(heads, 1),
            FeedForwardWidth = config.Int("intermediate_size"),
            Positions = new PositionConfig { Kind = PositionKind.Learned, Count = config.Int("max_position_embeddings"), Offset = offset },
            Norm = new NormConfig
            {
                Kind = NormKind.Layer,
                Placement = NormPlacement.Post,
                Epsilon = config.Number(1e-12, "layer_norm_eps"),
                Embedding = true,
            },
            Activation = config.Activation("gelu", "hidden_act"),
            QueryKeyValueBias = true,
            OutputBias = true,
            FeedForwardBias = true,
            TokenTypes = config.OptionalInt("type_vocab_size") ?? 2,
            Dropout = dropout,
            AttentionDropout = config.Number(0.1, "attention_probs_dropout_prob"),
        };
        double headDropout = config.Number(dropout, "classifier_dropout");
        return new TransformerConfig
        {
            VocabularySize = config.Int("vocab_size"),
            Width = width,
            Encoder = encoder,
            Head = kind switch
            {
                HeadKind.MaskedLanguageModel => Heads.Masked(config, encoder.Activation),
                HeadKind.SequenceClassification or HeadKind.TokenClassification => Heads.Classifier(config, kind, headDropout) with { Bias = true },
                HeadKind.None => new HeadConfig(),
                HeadKind.Scalar when config.Text("model_type") == "electra" => new HeadConfig { Kind = kind },
                _ => throw Heads.Unsupported("BERT", kind),
            },
            Pooler = kind == HeadKind.SequenceClassification
                || (kind == HeadKind.None && (!config.KnowsWeights || config.HasWeight("pooler.dense.weight"))),
            InitializerRange = config.Number(0.02, "initializer_range"),
            PadTokenId = config.OptionalInt("pad_token_id") ?? pad,
            BosTokenId = config.OptionalInt("bos_token_id"),
            EosTokenIds = config.Ids("eos_token_id"),
        };
    }

    internal static ModuleName[] Modules(TransformerConfig config, string prefix) =>
    [
        new("embeddings.tokens", $"{prefix}.embeddings.word_embeddings"),
        new("encoder.positions", $"{prefix}.embeddings.position_embeddings"),
        new("encoder.token_types", $"{prefix}.embeddings.token_type_embeddings"),
        new("encoder.embedding_norm", $"{prefix}.embeddings.LayerNorm"),
        new("encoder.{i}.self.q", $"{prefix}.encoder.layer.{{i}}.attention.self.query"),
        new("encoder.{i}.self.k", $"{prefix}.encoder.layer.{{i}}.attention.self.key"),
        new("encoder.{i}.self.v", $"{prefix}.encoder.layer.{{i}}.attention.self.value"),
        new("encoder.{i}.self.o", $"{prefix}.encoder.layer.{{i}}.attention.output.dense"),
        new("encoder.{i}.self.norm", $"{prefix}.encoder.layer.{{i}}.attention.output.LayerNorm"),
        new("encoder.{i}.feedforward.up", $"{prefix}.encoder.layer.{{i}}.intermediate.dense"),
        new("encoder.{i}.feedforward.down", $"{prefix}.encoder.layer.{{i}}.output.dense"),
        new("encoder.{i}.feedforward.norm", $"{prefix}.encoder.layer.{{i}}.output.LayerNorm"),
        new("pooler", $"{prefix}.pooler.dense"),
    ];
}
