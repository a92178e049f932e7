namespace LlmCourse.Transformers.Families;

/// <summary>ALBERT (Lan et al. 2020): BERT whose layers share weights by groups, with tables narrower than the stream.</summary>
internal static class Albert
{
    public static Family Family { get; } = new()
    {
        ModelTypes = ["albert"],
        Read = Read,
        Modules = Modules,
        BasePrefix = "albert.",
        Leftovers = ["albert.embeddings.position_ids", "albert.pooler.", "predictions.decoder.weight", "predictions.bias", "predictions.decoder.bias", "sop_classifier."],
        Copies = [("predictions.decoder.bias", "predictions.bias")],
    };

    private static TransformerConfig Read(ConfigReader config)
    {
        TransformerConfig read = Bert.Read(config, "AlbertForMaskedLM", pad: 0, offset: 0);
        int inner = config.OptionalInt("inner_group_num") ?? 1;
        double dropout = config.Number(0, "hidden_dropout_prob");
        StackConfig encoder = read.Encoder! with
        {
            Layers = checked(read.Encoder!.Layers * inner),
            LayerGroups = config.OptionalInt("num_hidden_groups") ?? 1,
            GroupSize = inner,
            Activation = config.Activation("gelu_new", "hidden_act"),
            Dropout = dropout,
            FeedForwardOutputDropout = 0,
            AttentionDropout = config.Number(0, "attention_probs_dropout_prob"),
        };
        return read with
        {
            EmbeddingWidth = config.OptionalInt("embedding_size") ?? 128,
            Encoder = encoder,
            Head = read.Head.Kind switch
            {
                HeadKind.MaskedLanguageModel => read.Head with { Transform = encoder.Activation },
                HeadKind.SequenceClassification => read.Head with { Dropout = config.Number(0.1, "classifier_dropout_prob") },
                HeadKind.TokenClassification => read.Head with { Dropout = config.Number(0.1, "classifier_dropout_prob") },
                HeadKind.None => read.Head,
                HeadKind kind => throw Heads.Unsupported("ALBERT", kind),
            },
            Pooler = read.Head.Kind == HeadKind.SequenceClassification
                || (read.Head.Kind == HeadKind.None && (!config.KnowsWeights || config.HasWeight("pooler.weight"))),
            BosTokenId = config.Id("bos_token_id", 2),
            EosTokenIds = config.Ids("eos_token_id", 3),
        };
    }

    private static ModuleName[] Modules(TransformerConfig config) =>
    [
        new("embeddings.tokens", "albert.embeddings.word_embeddings"),
        new("encoder.positions", "albert.embeddings.position_embeddings"),
        new("encoder.token_types", "albert.embeddings.token_type_embeddings"),
        new("encoder.embedding_norm", "albert.embeddings.LayerNorm"),
        new("encoder.embedding_projection", "albert.encoder.embedding_hidden_mapping_in"),
        .. Enumerable.Range(0, config.Encoder!.OwnLayers).SelectMany(layer => Layer(
            $"encoder.{layer}", $"albert.encoder.albert_layer_groups.{layer / config.Encoder.GroupSize}.albert_layers.{layer % config.Encoder.GroupSize}")),
        new("pooler", "albert.pooler"),
        .. config.Head.Kind == HeadKind.MaskedLanguageModel
            ? (ModuleName[])
            [
                new("head.dense", "predictions.dense"),
                new("head.norm", "predictions.LayerNorm"),
                .. Heads.Decoder(config, "predictions.decoder", "predictions.bias"),
            ]
            : [new("head.output", "classifier")],
    ];

    private static ModuleName[] Layer(string ours, string theirs) =>
    [
        new($"{ours}.self.q", $"{theirs}.attention.query"),
        new($"{ours}.self.k", $"{theirs}.attention.key"),
        new($"{ours}.self.v", $"{theirs}.attention.value"),
        new($"{ours}.self.o", $"{theirs}.attention.dense"),
        new($"{ours}.self.norm", $"{theirs}.attention.LayerNorm"),
        new($"{ours}.feedforward.up", $"{theirs}.ffn"),
        new($"{ours}.feedforward.down", $"{theirs}.ffn_output"),
        new($"{ours}.feedforward.norm", $"{theirs}.full_layer_layer_norm"),
    ];
}
