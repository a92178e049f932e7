namespace LlmCourse.Transformers.Families;

/// <summary>
/// The text model of Gemma 3 (Gemma Team 2025): Gemma 2 with normalised queries and keys instead of bent scores; of six layers five
/// have a window and rotary positions of their own. Where it sees both ways (EmbeddingGemma) it is an encoder.
/// </summary>
internal static class Gemma3
{
    public static Family Family { get; } = Gemma.Family with { ModelTypes = ["gemma3_text"], Read = Read };

    private static TransformerConfig Read(ConfigReader config)
    {
        bool bidirectional = config.Flag("use_bidirectional_attention", false);
        TransformerConfig read = Gemma.Read(config, "Gemma3ForCausalLM", config.Activation("gelu_pytorch_tanh", "hidden_activation"));
        config.Only("attn_logit_softcapping");
        StackConfig stack = read.Decoder!;
        int pattern = config.OptionalInt("sliding_window_pattern") ?? 6;
        TransformerConfig.Positive(pattern, "sliding_window_pattern");
        IReadOnlyList<bool> windowed = LayerTypes.Windowed(config, stack.Layers, layer => (layer + 1) % pattern != 0);
        int? window = windowed.Contains(true) ? Gemma.Window(config) : null;
        PositionConfig global = LayerTypes.Rotary(config, stack.HeadSize, "full_attention", "rope_theta", 1_000_000);
        PositionConfig local = LayerTypes.Rotary(config, stack.HeadSize, "sliding_attention", "rope_local_base_freq", 10_000, scaled: false);
        stack = stack with
        {
            Causal = !bidirectional,
            Positions = global,
            LayerPositions = [.. windowed.Select(has => has ? local : global)],
            Norm = stack.Norm with { Placement = NormPlacement.Sandwich },
            QueryKeyNorm = true,
            AttentionScale = 1 / Math.Sqrt(config.Number(256, "query_pre_attn_scalar")),
            Windows = [.. windowed.Select(has => has ? bidirectional ? (window / 2) + 1 : window : null)],
        };
        if (bidirectional && read.Head.Kind == HeadKind.LanguageModel)
            throw new UnsupportedModelException("config.json: \"use_bidirectional_attention\": true is not supported for a model that predicts the next token.");
        return read with
        {
            Encoder = bidirectional ? stack : null,
            Decoder = bidirectional ? null : stack,
            Head = read.Head.Kind == HeadKind.LanguageModel ? read.Head with { Softcap = config.OptionalNumber("final_logit_softcapping") } : read.Head,
        };
    }
}
