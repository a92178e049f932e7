namespace LlmCourse.Transformers.Families;

/// <summary>Qwen3 (Yang et al. 2025): Qwen2 without biases, its queries and keys normalised head by head.</summary>
internal static class Qwen3
{
    public static Family Family { get; } = Llama.Family with
    {
        ModelTypes = ["qwen3"],
        Read = Read,
        Modules = config =>
        [
            .. Llama.Modules(config),
            .. new[] { "q", "k" }.Select(part => new ModuleName($"decoder.{{i}}.self.{part}_norm", $"model.layers.{{i}}.self_attn.{part}_norm")),
        ],
    };

    private static TransformerConfig Read(ConfigReader config)
    {
        int headSize = config.OptionalInt("head_dim") ?? 128; // whatever the width
        TransformerConfig read = Llama.Read(config, "Qwen3", Rope.Read(config, headSize));
        return read with
        {
            Decoder = read.Decoder! with
            {
                HeadSize = headSize,
                FeedForwardBias = false,
                QueryKeyNorm = true,
                Windows = Qwen2.Windows(config, read.Decoder.Layers),
            },
        };
    }
}
