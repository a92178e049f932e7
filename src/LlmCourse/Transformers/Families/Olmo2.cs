namespace LlmCourse.Transformers.Families;

/// <summary>OLMo 2 (OLMo Team 2025): Llama with norms on what sub-layers give, and queries and keys normalised over all heads at once.</summary>
internal static class Olmo2
{
    public static Family Family { get; } = Llama.Family with
    {
        ModelTypes = ["olmo2"],
        Read = Read,
        Modules = config =>
        [
            .. Llama.Modules(config),
            new("decoder.{i}.self.output_norm", "model.layers.{i}.post_attention_layernorm"),
            new("decoder.{i}.feedforward.output_norm", "model.layers.{i}.post_feedforward_layernorm"),
            .. new[] { "q", "k" }.Select(part => new ModuleName($"decoder.{{i}}.self.{part}_norm", $"model.layers.{{i}}.self_attn.{part}_norm")),
        ],
    };

    private static TransformerConfig Read(ConfigReader config)
    {
        TransformerConfig read = Llama.Read(config, "Olmo2", eos: 50_279);
        if (read.Head.Kind == HeadKind.TokenClassification)
            throw Heads.Unsupported("Olmo2", read.Head.Kind);
        StackConfig stack = read.Decoder!;
        return read with
        {
            PadTokenId = config.Id("pad_token_id", 1),
            Decoder = stack with
            {
                FeedForwardBias = false,
                QueryKeyNorm = true,
                JointQueryKeyNorm = true,
                Norm = stack.Norm with { Placement = NormPlacement.Output, Epsilon = config.Number(1e-5, "rms_norm_eps") },
            },
        };
    }
}
