namespace LlmCourse.Transformers.Families;

/// <summary>Qwen2 and Qwen2.5 (Yang et al. 2024): Llama with biases on q, k and v; upper layers may see a window.</summary>
internal static class Qwen2
{
    public static Family Family { get; } = Llama.Family with { ModelTypes = ["qwen2"], Read = Read };

    private static TransformerConfig Read(ConfigReader config)
    {
        TransformerConfig read = Llama.Read(config, "Qwen2");
        return read with
        {
            Decoder = read.Decoder! with
            {
                QueryKeyValueBias = true,
                OutputBias = false,
                FeedForwardBias = false,
                Windows = Windows(config, read.Decoder.Layers),
            },
        };
    }

    /// <summary>The windows of the upper layers, where <c>use_sliding_window</c> says that there are some.</summary>
    internal static IReadOnlyList<int?> Windows(ConfigReader config, int layers)
    {
        bool used = config.Flag("use_sliding_window", false) && !config.IsNull("sliding_window");
        int first = config.OptionalInt("max_window_layers") ?? 28;
        return LayerTypes.Windows(config, layers, used ? config.OptionalInt("sliding_window") ?? 4096 : null, layer => layer >= first);
    }
}
