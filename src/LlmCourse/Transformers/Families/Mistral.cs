namespace LlmCourse.Transformers.Families;

/// <summary>Mistral (Jiang et al. 2023): Llama in which layers may see a window.</summary>
internal static class Mistral
{
    private const int DefaultWindow = 4096; // where the file does not say

    public static Family Family { get; } = Llama.Family with { ModelTypes = ["mistral"], Read = Read };

    private static TransformerConfig Read(ConfigReader config)
    {
        int? window = config.IsNull("sliding_window") ? null : config.OptionalInt("sliding_window") ?? DefaultWindow;
        TransformerConfig read = Llama.Read(config, "Mistral", bos: 1, eos: 2);
        return read with
        {
            Decoder = read.Decoder! with
            {
                QueryKeyValueBias = false,
                OutputBias = false,
                FeedForwardBias = false,
                Windows = LayerTypes.Windows(config, read.Decoder.Layers, window, _ => true),
            },
        };
    }
}
