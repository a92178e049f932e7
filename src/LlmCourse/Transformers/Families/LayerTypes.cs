namespace LlmCourse.Transformers.Families;

/// <summary>How configurations say which layers see all and which have a window, and how each kind turns queries and keys.</summary>
internal static class LayerTypes
{
    private const string Full = "full_attention";
    private const string Sliding = "sliding_attention";

    /// <summary>For each layer whether it has a window, as <c>layer_types</c> says, or by a rule where older files have none.</summary>
    public static IReadOnlyList<bool> Windowed(ConfigReader config, int layers, Func<int, bool> otherwise)
    {
        IReadOnlyList<string> types = config.Names("layer_types");
        if (types.Count == 0)
            return [.. Enumerable.Range(0, Math.Max(layers, 0)).Select(otherwise)];
        if (types.Count != layers)
            throw new ConfigException($"config.json: \"layer_types\" has {types.Count} entries for {layers} layers.");
        if (types.FirstOrDefault(type => type is not (Full or Sliding)) is { } other)
            throw new UnsupportedModelException($"config.json: \"layer_types\": \"{other}\" is not supported; supported: {Full}, {Sliding}.");
        return [.. types.Select(type => type == Sliding)];
    }

    /// <summary>The windows of all layers: of those that <c>layer_types</c> names, or by a rule where there is a window; empty where none has one.</summary>
    public static IReadOnlyList<int?> Windows(ConfigReader config, int layers, int? window, Func<int, bool> otherwise)
    {
        IReadOnlyList<bool> windowed = Windowed(config, layers, layer => window is not null && otherwise(layer));
        if (window is null && windowed.Contains(true))
            throw new ConfigException($"config.json: \"layer_types\" has {Sliding}, and there is no \"sliding_window\" in use.");
        return windowed.Contains(true) ? [.. windowed.Select(has => has ? window : null)] : [];
    }

    /// <summary>The rotary settings of one type of layers: an entry of <c>rope_parameters</c>, or a base under a name of its own.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="headSize">The size of a head.</param>
    /// <param name="type">The type.</param>
    /// <param name="theta">What older files call the base.</param>
    /// <param name="otherwise">The base where the file names none.</param>
    /// <param name="scaled">Whether an older file's <c>rope_scaling</c> is for this type too.</param>
    public static PositionConfig Rotary(ConfigReader config, int headSize, string type, string theta, double otherwise, bool scaled = true)
    {
        double given = config.Number(otherwise, theta);
        if (config.Section("rope_parameters") is not { } types)
            return Rope.Of(config, scaled ? config.Section("rope_scaling") : null, headSize, given);
        if (types is { IsEmpty: false } && types.Section(Full) is null && types.Section(Sliding) is null)
            config.Only("rope_parameters", $"an object with {Full} and {Sliding}");
        config.Only("rope_scaling");
        return Rope.Of(config, types.Section(type), headSize, given);
    }
}
