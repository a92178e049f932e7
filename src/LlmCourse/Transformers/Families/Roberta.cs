namespace LlmCourse.Transformers.Families;

/// <summary>RoBERTa (Liu et al. 2019): BERT without sentence types; positions start behind the pad id; a classifier of two layers.</summary>
internal static class Roberta
{
    public static Family Family { get; } = new()
    {
        ModelTypes = ["roberta"],
        Read = config => Read(config, "RobertaForMaskedLM"),
        Modules = config =>
        [
            .. Bert.Modules(config, "roberta"),
            .. config.Head.Kind switch
            {
                HeadKind.MaskedLanguageModel => (ModuleName[])
                [
                    new("head.dense", "lm_head.dense"),
                    new("head.norm", "lm_head.layer_norm"),
                    .. Heads.Decoder(config, "lm_head.decoder", "lm_head.bias"),
                ],
                HeadKind.SequenceClassification => [new("head.dense", "classifier.dense"), new("head.output", "classifier.out_proj")],
                _ => [new("head.output", "classifier")],
            },
        ],
        BasePrefix = "roberta.",
        Leftovers = ["roberta.embeddings.position_ids", "roberta.pooler.", "lm_head.decoder.weight", "lm_head.bias", "lm_head.decoder.bias"],
        Copies = [("lm_head.decoder.bias", "lm_head.bias")],
    };

    internal static TransformerConfig Read(ConfigReader config, string otherwise)
    {
        int pad = config.OptionalInt("pad_token_id") ?? 1;
        TransformerConfig read = Bert.Read(config, otherwise, pad, offset: checked(pad + 1)) with
        {
            BosTokenId = config.Id("bos_token_id", 0),
            EosTokenIds = config.Ids("eos_token_id", 2),
        };
        return read.Head.Kind switch
        {
            HeadKind.MaskedLanguageModel => read with { Head = read.Head with { Transform = Activation.Gelu } }, // whatever hidden_act is
            HeadKind.SequenceClassification => read with { Pooler = false, Head = read.Head with { Transform = Activation.Tanh, TransformDropout = read.Head.Dropout } },
            _ => read,
        };
    }
}
