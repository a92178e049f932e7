using System.Text.Json.Nodes;

namespace LlmCourse.Checkpoints;

/// <summary>Rotary positions as GGUF files say them: a base, a scaling by name, or factors as a tensor.</summary>
internal static class GgufRope
{
    // What every published Llama 3.1 and later has, whatever its factor.
    private const double LowFactor = 1, HighFactor = 4, OriginalLength = 8192;
    private const double Tolerance = 1e-5;

    public static JsonObject Parameters(GgufKeys keys, int headSize)
    {
        JsonObject rope = new() { ["rope_theta"] = keys.OptionalReal("rope.freq_base") ?? 10_000 };
        string scaling = keys.OptionalText("rope.scaling.type") ?? "none";
        double? factor = keys.OptionalReal("rope.scaling.factor"), linear = keys.OptionalReal("rope.scale_linear");
        if (scaling == "none" && linear is { } old and not 1)
            (scaling, factor) = ("linear", old); // how older files say it
        if (scaling != "none")
        {
            rope["rope_type"] = scaling; // what is not known is refused by name when the configuration is read
            rope["factor"] = factor;
        }

        if (scaling == "yarn")
        {
            rope["original_max_position_embeddings"] = keys.Int("rope.scaling.original_context_length");
            if (keys.OptionalReal("rope.scaling.yarn_beta_fast") is { } fast)
                rope["beta_fast"] = fast;
            if (keys.OptionalReal("rope.scaling.yarn_beta_slow") is { } slow)
                rope["beta_slow"] = slow;
        }

        if (keys.OptionalInt("rope.dimension_count") is { } rotated && rotated != headSize)
            rope["partial_rotary_factor"] = (double)rotated / headSize;
        return rope;
    }

    /// <summary>
    /// Llama 3.1's scaling stands in the file as one divisor for each frequency. It is recognised when these are the numbers of the
    /// published rule; others are refused.
    /// </summary>
    public static JsonObject Llama3(GgufKeys keys, GgufModel model, int headSize)
    {
        float[] found = model.Numbers("rope_freqs.weight");
        double theta = keys.OptionalReal("rope.freq_base") ?? 10_000, factor = found.Length == 0 ? 0 : found.Max();
        for (int i = 0; i < found.Length; i++)
        {
            double wave = 2 * Math.PI * Math.Pow(theta, 2.0 * i / headSize), smooth = (OriginalLength / wave - LowFactor) / (HighFactor - LowFactor);
            double expected = wave < OriginalLength / HighFactor ? 1 : wave > OriginalLength / LowFactor ? factor : 1 / ((1 - smooth) / factor + smooth);
            if (!(Math.Abs(found[i] - expected) <= Tolerance * expected))
                factor = 0;
        }

        if (found.Length != headSize / 2 || factor <= 1)
            throw new CheckpointException(keys.Path, "its rope_freqs.weight has rotary frequencies that are not those of Llama 3's rule, which is not supported: use the Hugging Face folder.");
        return new JsonObject
        {
            ["rope_type"] = "llama3",
            ["rope_theta"] = theta,
            ["factor"] = Math.Round(factor, 5),
            ["low_freq_factor"] = LowFactor,
            ["high_freq_factor"] = HighFactor,
            ["original_max_position_embeddings"] = (int)OriginalLength,
        };
    }

    /// <summary>Phi-3's two lists of factors, for short and for long texts.</summary>
    public static void Long(GgufKeys keys, GgufModel model, JsonObject config, int original)
    {
        JsonObject rope = config["rope_parameters"]!.AsObject();
        rope["rope_type"] = "longrope";
        rope["short_factor"] = List(model.Numbers("rope_factors_short.weight"));
        rope["long_factor"] = List(model.Numbers("rope_factors_long.weight"));
        rope["original_max_position_embeddings"] = original;
        if (keys.OptionalReal("rope.scaling.attn_factor") is { } attention)
            rope["attention_factor"] = attention;
    }

    private static JsonArray List(float[] numbers) => [.. numbers.Select(number => JsonValue.Create((double)number))];
}
