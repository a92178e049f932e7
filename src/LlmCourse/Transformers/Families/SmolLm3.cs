namespace LlmCourse.Transformers.Families;

/// <summary>SmolLM3 (Bakouch et al. 2025): Llama in which every fourth layer, or as the file lists them, does without positions.</summary>
internal static class SmolLm3
{
    public static Family Family { get; } = Llama.Family with { ModelTypes = ["smollm3"], Read = Read };

    private static TransformerConfig Read(ConfigReader config)
    {
        PositionConfig rotary = Rope.Read(config, Llama.HeadSize(config), config.Number(2_000_000, "rope_theta")), none = new();
        TransformerConfig read = Llama.Read(config, "SmolLM3", rotary, bos: 128_000, eos: 128_001);
        int layers = read.Decoder!.Layers;
        IReadOnlyList<bool> turned = Rotated(config, layers);
        int? window = config.Flag("use_sliding_window", false) || config.Names("layer_types").Count > 0 ? config.OptionalInt("sliding_window") : null;
        return read with
        {
            Decoder = read.Decoder with
            {
                LayerPositions = [.. turned.Select(turns => turns ? rotary : none)],
                Windows = LayerTypes.Windows(config, layers, window, layer => !turned[layer]),
            },
            Head = Heads.OfDecoder(config, read.Head.Kind, "SmolLM3", tied: true),
        };
    }

    // no_rope_layers has a 1 for each layer that has rotary positions.
    private static IReadOnlyList<bool> Rotated(ConfigReader config, int layers)
    {
        IReadOnlyList<int> listed = config.Ids("no_rope_layers");
        int interval = config.OptionalInt("no_rope_layer_interval") ?? 4;
        if (listed.Count == 0)
        {
            TransformerConfig.Positive(interval, "no_rope_layer_interval");
            return [.. Enumerable.Range(1, Math.Max(layers, 0)).Select(number => number % interval != 0)];
        }

        return listed.Count == layers ? [.. listed.Select(turns => turns != 0)]
            : throw new ConfigException($"config.json: \"no_rope_layers\" has {listed.Count} entries for {layers} layers.");
    }
}
