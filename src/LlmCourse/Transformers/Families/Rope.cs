namespace LlmCourse.Transformers.Families;

/// <summary>Rotary settings as configurations word them: <c>rope_parameters</c>, or the older <c>rope_theta</c> and <c>rope_scaling</c>.</summary>
internal static class Rope
{
    /// <summary>The rotary settings of a model, all of whose layers have the same.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="headSize">The size of a head.</param>
    /// <param name="theta">The base where the parameters name none.</param>
    /// <param name="share">The share of a head that is rotated where the parameters name none; null for a family whose heads turn as a whole.</param>
    /// <param name="yarnIsLong">Whether the family's files mean LongRoPE by <c>yarn</c> (Phi-3).</param>
    /// <param name="original">The length before the scaling of a family that has one wherever the configuration names none beside it.</param>
    public static PositionConfig Read(ConfigReader config, int headSize, double theta, double? share = null, bool yarnIsLong = false, int? original = null)
    {
        ConfigReader? parameters = config.Section("rope_scaling") is { IsEmpty: false } scaling ? scaling : config.Section("rope_parameters");
        parameters?.Only("full_attention");
        parameters?.Only("sliding_attention");
        return Of(config, parameters, headSize, theta, share, yarnIsLong, original);
    }

    /// <summary>The same, of a model whose <c>rope_theta</c> stands beside the scaling where it does not stand in it.</summary>
    public static PositionConfig Read(ConfigReader config, int headSize) => Read(config, headSize, config.Number(10_000, "rope_theta"));

    /// <summary>The rotary settings that parameters stand for, or plain ones where there are none.</summary>
    public static PositionConfig Of(
        ConfigReader config, ConfigReader? parameters, int headSize, double theta, double? share = null, bool yarnIsLong = false, int? original = null)
    {
        if (share is null)
            config.Only("partial_rotary_factor", "1", "1.0"); // the reference turns whole heads here, or fails
        double turned = parameters?.OptionalNumber("partial_rotary_factor") ?? share ?? 1;
        return new PositionConfig
        {
            Kind = PositionKind.Rotary,
            Count = config.OptionalInt("max_position_embeddings") ?? 0,
            Theta = parameters?.OptionalNumber("rope_theta") ?? theta,
            RotarySize = turned == 1 ? null : (int)(headSize * turned),
            Scaling = parameters is null ? null : Scaling(config, parameters, yarnIsLong, original),
        };
    }

    private static RotaryScaling? Scaling(ConfigReader config, ConfigReader parameters, bool yarnIsLong, int? original)
    {
        double Required(string name) => parameters.OptionalNumber(name) ?? throw new ConfigException($"config.json: the rotary scaling lacks \"{name}\".");

        // Beside the scaling (Phi-3) it counts more than in it.
        int Original() => config.OptionalInt("original_max_position_embeddings") ?? original ?? parameters.OptionalInt("original_max_position_embeddings") ?? config.Int("max_position_embeddings");
        double Longer() => parameters.OptionalNumber("factor") ?? config.Int("max_position_embeddings") / (double)Original();
        string type = parameters.Text("rope_type", "type") ?? "default";
        return type switch
        {
            "default" => null,
            "linear" => new LinearScaling { Factor = Required("factor") },
            "dynamic" => new DynamicScaling { Factor = Required("factor"), OriginalLength = config.Int("max_position_embeddings") },
            "llama3" => new Llama3Scaling
            {
                Factor = Required("factor"),
                LowFrequencyFactor = Required("low_freq_factor"),
                HighFrequencyFactor = Required("high_freq_factor"),
                OriginalLength = Original(),
            },
            "yarn" when !yarnIsLong => new YarnScaling
            {
                Factor = Longer(),
                OriginalLength = Original(),
                BetaFast = Given(parameters, "beta_fast") ?? 32,
                BetaSlow = Given(parameters, "beta_slow") ?? 1,
                Truncate = parameters.Flag("truncate", true),
                AttentionFactor = parameters.OptionalNumber("attention_factor") ?? Sharpness(parameters, Longer()),
            },
            "longrope" or "su" or "yarn" => new LongScaling
            {
                ShortFactors = parameters.Numbers("short_factor"),
                LongFactors = parameters.Numbers("long_factor"),
                OriginalLength = Original(),
                Factor = Longer(),
                AttentionFactor = parameters.OptionalNumber("attention_factor"),
            },
            _ => throw new UnsupportedModelException($"config.json: \"rope_type\": \"{type}\" is not supported; supported: default, linear, dynamic, llama3, yarn, longrope."),
        };
    }

    // DeepSeek's m(mscale) / m(mscale_all_dim), where both are there and not 0.
    private static double? Sharpness(ConfigReader parameters, double factor) =>
        (Given(parameters, "mscale"), Given(parameters, "mscale_all_dim")) is ({ } over, { } under)
            ? YarnScaling.Sharpness(factor, over) / YarnScaling.Sharpness(factor, under)
            : null;

    private static double? Given(ConfigReader parameters, string name) => parameters.OptionalNumber(name) is { } value and not 0 ? value : null;
}
