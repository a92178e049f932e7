namespace LlmCourse.Transformers.Families;

/// <summary>
/// Phi-3, 3.5 and 4 (Abdin et al. 2024): Llama with q, k and v in one matrix and gate and up in another, dropout, and LongRoPE in the
/// long variants.
/// </summary>
internal static class Phi3
{
    public static Family Family { get; } = Llama.Family with
    {
        ModelTypes = ["phi3"],
        Read = Read,
        Modules = config =>
        [
            .. Llama.Modules(config),
            new("decoder.{i}.self.qkv", "model.layers.{i}.self_attn.qkv_proj"),
            new("decoder.{i}.feedforward.gate_up", "model.layers.{i}.mlp.gate_up_proj"),
        ],
    };

    private static PositionConfig Positions(ConfigReader config) => Rope.Read(
        config, Llama.HeadSize(config), config.Number(10_000, "rope_theta"), config.Number(1, "partial_rotary_factor"), yarnIsLong: true, original: 4096);

    private static TransformerConfig Read(ConfigReader config)
    {
        TransformerConfig read = Llama.Read(config, "Phi3", Positions(config), bos: 1, eos: 32_000);
        StackConfig stack = read.Decoder!;
        return read with
        {
            Decoder = stack with
            {
                FusedQueryKeyValue = true,
                FusedGateUp = true,
                QueryKeyValueBias = false,
                OutputBias = false,
                FeedForwardBias = false,
                Norm = stack.Norm with { Epsilon = config.Number(1e-5, "rms_norm_eps") },
                Windows = LayerTypes.Windows(config, stack.Layers, config.OptionalInt("sliding_window"), _ => true),
                Dropout = config.Number(0, "resid_pdrop"),
                EmbeddingDropout = 0, // nobody applies embd_pdrop
            },
        };
    }
}
