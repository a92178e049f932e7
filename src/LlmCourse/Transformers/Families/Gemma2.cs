namespace LlmCourse.Transformers.Families;

/// <summary>
/// Gemma 2 (Gemma Team 2024): norms on both sides of each sub-layer, bent scores and logits, every other layer with a window.
/// </summary>
internal static class Gemma2
{
    public static Family Family { get; } = Gemma.Family with { ModelTypes = ["gemma2"], Read = Read };

    private static TransformerConfig Read(ConfigReader config)
    {
        config.Only("use_bidirectional_attention", "false");
        TransformerConfig read = Gemma.Read(config, "Gemma2ForCausalLM", config.Activation("gelu_pytorch_tanh", "hidden_activation"));
        StackConfig stack = read.Decoder!;
        IReadOnlyList<bool> windowed = LayerTypes.Windowed(config, stack.Layers, layer => layer % 2 == 0);
        int? window = windowed.Contains(true) ? Gemma.Window(config) : null;
        return read with
        {
            Decoder = stack with
            {
                Positions = Rope.Read(config, stack.HeadSize),
                Norm = stack.Norm with { Placement = NormPlacement.Sandwich },
                AttentionScale = 1 / Math.Sqrt(config.Number(256, "query_pre_attn_scalar")),
                AttentionSoftcap = config.IsNull("attn_logit_softcapping") ? null : config.Number(50, "attn_logit_softcapping"),
                Windows = [.. windowed.Select(has => has ? window : null)],
            },
            Head = read.Head.Kind == HeadKind.LanguageModel
                ? read.Head with { Softcap = config.IsNull("final_logit_softcapping") ? null : config.Number(30, "final_logit_softcapping") }
                : read.Head,
        };
    }
}
