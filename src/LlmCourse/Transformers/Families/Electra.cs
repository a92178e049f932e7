namespace LlmCourse.Transformers.Families;

/// <summary>
/// ELECTRA (Clark et al. 2020): BERT with tables that may be narrower than the stream. The generator is a masked language model; the
/// discriminator gives every token a number, positive where it takes it for replaced.
/// </summary>
internal static class Electra
{
    public static Family Family { get; } = new()
    {
        ModelTypes = ["electra"],
        Read = Read,
        Modules = config =>
        [
            .. Bert.Modules(config, "electra"),
            new("encoder.embedding_projection", "electra.embeddings_project"),
            .. config.Head.Kind switch
            {
                HeadKind.MaskedLanguageModel => new ModuleName[]
                {
                    new("head.dense", "generator_predictions.dense"),
                    new("head.norm", "generator_predictions.LayerNorm"),
                    new("head.output", "generator_lm_head"),
                },
                HeadKind.Scalar => [new("head.dense", "discriminator_predictions.dense"), new("head.value", "discriminator_predictions.dense_prediction")],
                HeadKind.SequenceClassification => [new("head.dense", "classifier.dense"), new("head.output", "classifier.out_proj")],
                _ => [new("head.output", "classifier")],
            },
        ],
        BasePrefix = "electra.",
        Leftovers = ["electra.embeddings.position_ids", "generator_lm_head.weight"],
    };

    private static TransformerConfig Read(ConfigReader config)
    {
        TransformerConfig read = Bert.Read(config, "ElectraForPreTraining", pad: 0, offset: 0);
        int embedding = config.OptionalInt("embedding_size") ?? 128;
        return read with
        {
            EmbeddingWidth = embedding == read.Width ? null : embedding,
            Pooler = false,
            Head = read.Head.Kind switch
            {
                HeadKind.MaskedLanguageModel => read.Head with { Transform = Activation.Gelu }, // whatever hidden_act is
                HeadKind.SequenceClassification => read.Head with { Transform = Activation.Gelu, TransformDropout = read.Head.Dropout },
                HeadKind.Scalar => read.Head with { Transform = read.Encoder!.Activation },
                _ => read.Head,
            },
        };
    }
}
