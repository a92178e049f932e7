namespace LlmCourse.Transformers.Families;

/// <summary>What <c>architectures</c> says about the head, in the same words for every family.</summary>
internal static class Heads
{
    /// <summary>The kind of head the first architecture names; a base model has none.</summary>
    public static HeadKind Kind(ConfigReader config, string otherwise)
    {
        string name = config.Names("architectures") is [string first, ..] ? first : otherwise;
        return name switch
        {
            _ when name.EndsWith("ForConditionalGeneration", StringComparison.Ordinal) => HeadKind.LanguageModel,
            _ when name.EndsWith("ForCausalLM", StringComparison.Ordinal) => HeadKind.LanguageModel,
            _ when name.EndsWith("LMHeadModel", StringComparison.Ordinal) => HeadKind.LanguageModel,
            _ when name.EndsWith("ForMaskedLM", StringComparison.Ordinal) => HeadKind.MaskedLanguageModel,
            _ when name.EndsWith("ForSequenceClassification", StringComparison.Ordinal) => HeadKind.SequenceClassification,
            _ when name.EndsWith("ForTokenClassification", StringComparison.Ordinal) => HeadKind.TokenClassification,
            // The heads of ELECTRA's discriminator; of BERT and ALBERT, whose second head no language model needs.
            "ElectraForPreTraining" => HeadKind.Scalar,
            "BertForPreTraining" or "AlbertForPreTraining" => HeadKind.MaskedLanguageModel,
            _ when name.EndsWith("Model", StringComparison.Ordinal) && !name.EndsWith("EncoderModel", StringComparison.Ordinal) => HeadKind.None,
            _ => throw new UnsupportedModelException($"config.json: \"architectures\": \"{name}\" is not supported."),
        };
    }

    /// <summary>A masked language model's head as BERT has it: dense, activation, norm, and an output with a bias.</summary>
    public static HeadConfig Masked(ConfigReader config, Activation transform) => new()
    {
        Kind = HeadKind.MaskedLanguageModel,
        Tied = config.Flag("tie_word_embeddings", true),
        Bias = true,
        Transform = transform,
        TransformNorm = true,
    };

    /// <summary>The head of a decoder-only model as today's families have it.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="kind">What the head predicts.</param>
    /// <param name="family">The family's name, for the error.</param>
    /// <param name="tied">Whether the output is the token table where the file does not say.</param>
    public static HeadConfig OfDecoder(ConfigReader config, HeadKind kind, string family, bool tied = false) => kind switch
    {
        HeadKind.LanguageModel => new HeadConfig { Kind = kind, Tied = config.Flag("tie_word_embeddings", tied) },
        HeadKind.SequenceClassification => Classifier(config, kind, dropout: 0),
        HeadKind.TokenClassification => Classifier(config, kind, config.Number(0.1, "classifier_dropout", "hidden_dropout")) with { Bias = config.Flag("token_classification_bias", true) },
        HeadKind.None => new HeadConfig(),
        _ => throw Unsupported(family, kind),
    };

    /// <summary>A classification head as every family configures it.</summary>
    public static HeadConfig Classifier(ConfigReader config, HeadKind kind, double dropout)
    {
        IReadOnlyList<string> names = config.Labels("id2label");
        return new HeadConfig
        {
            Kind = kind,
            Labels = names.Count > 0 ? names.Count : config.OptionalInt("num_labels", "_num_labels") ?? 2,
            LabelNames = names,
            Dropout = dropout,
            Problem = config.Text("problem_type") switch
            {
                null => null,
                "regression" => ProblemType.Regression,
                "single_label_classification" => ProblemType.SingleLabel,
                "multi_label_classification" => ProblemType.MultiLabel,
                string other => throw new UnsupportedModelException($"config.json: \"problem_type\": \"{other}\" is not supported."),
            },
        };
    }

    /// <summary>The names of such a head's output: files have its bias twice, and only where the matrix is tied are both one.</summary>
    public static ModuleName[] Decoder(TransformerConfig config, string module, string bias) => config.Head.Tied
        ? [new("head.output", module), new("head.output.bias", bias, IsTensor: true)]
        : [new("head.output", module)];

    public static UnsupportedModelException Unsupported(string family, HeadKind kind) =>
        new($"A {family} with head {kind} is not supported.");
}
