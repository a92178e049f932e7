namespace LlmCourse.Transformers.Families;

/// <summary>Rotary settings as configurations word them: <c>rope_parameters</c>, or the older <c>rope_theta</c> and <c>rope_scaling</c>.</summary>
internal static class Rope
{
    /// <param name="config">The configuration.</param>
    /// <param name="headSize">The size of a head.</param>
    /// <param name="layerType">Whose parameters are read, where <c>rope_parameters</c> has some for each type of layer.</param>
    public static PositionConfig Read(ConfigReader config, int headSize, string? layerType = null)
    {
        ConfigReader? parameters = config.Section("rope_parameters");
        parameters = layerType is null ? parameters : parameters?.Section(layerType) ?? parameters;
        ConfigReader? scaling = parameters ?? config.Section("rope_scaling");
        double share = parameters?.OptionalNumber("partial_rotary_factor") ?? config.Number(1, "partial_rotary_factor");
        return new PositionConfig
        {
            Kind = PositionKind.Rotary,
            Count = config.OptionalInt("max_position_embeddings") ?? 0,
            Theta = parameters?.OptionalNumber("rope_theta") ?? config.Number(10_000, "rope_theta"),
            RotarySize = share == 1 ? null : (int)(headSize * share),
            Scaling = scaling is null ? null : Scaling(scaling),
        };
    }

    private static RotaryScaling? Scaling(ConfigReader config)
    {
        double Required(string name) => config.OptionalNumber(name) ?? throw new ConfigException($"config.json: the rotary scaling lacks \"{name}\".");
        string type = config.Text("rope_type", "type") ?? "default";
        return type switch
        {
            "default" => null,
            "linear" => new RotaryScaling { Factor = Required("factor") },
            "llama3" => new RotaryScaling
            {
                Factor = Required("factor"),
                LowFrequencyFactor = Required("low_freq_factor"),
                HighFrequencyFactor = Required("high_freq_factor"),
                OriginalLength = config.Int("original_max_position_embeddings"),
            },
            _ => throw new UnsupportedModelException($"config.json: \"rope_type\": \"{type}\" is not supported; supported: default, linear, llama3."),
        };
    }
}
