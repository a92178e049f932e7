using System.Text.Json;

namespace LlmCourse.Transformers.Families;

/// <summary>
/// Reads a <c>config.json</c>. A key may have several names (old and new); null counts as absent; what is wrong is named.
/// Where the weights are at hand it can also ask which tensors there are, since some configurations do not say.
/// </summary>
internal sealed class ConfigReader(JsonElement root, Func<string, bool>? hasWeight = null)
{
    /// <summary>Far above any published model.</summary>
    public const int MaxLayers = 100_000;

    /// <summary>Whether the checkpoint's tensors are known.</summary>
    public bool KnowsWeights => hasWeight is not null;

    public bool HasWeight(string name) => hasWeight?.Invoke(name) ?? false;

    /// <summary>Whether there are no keys at all.</summary>
    public bool IsEmpty => !root.EnumerateObject().Any();

    /// <summary>Whether a key is there and says that there is nothing, which for a key with a default is another thing than its absence.</summary>
    public bool IsNull(string name) => root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Null;

    /// <summary>Whether a key is there, whatever stands under it.</summary>
    public bool Has(string name) => Find([name], out _) is not null;

    public int Int(params ReadOnlySpan<string> names) => OptionalInt(names) ?? throw Missing(names);

    public int? OptionalInt(params ReadOnlySpan<string> names) => Find(names, out string name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) ? number
        : throw Wrong(name, value, "an integer");

    /// <summary>A number of layers: something is made for each of them before the checkpoint can contradict.</summary>
    public int Layers(params ReadOnlySpan<string> names) => OptionalLayers(names) ?? throw Missing(names);

    public int? OptionalLayers(params ReadOnlySpan<string> names)
    {
        int? layers = OptionalInt(names);
        return layers is not > MaxLayers ? layers
            : throw new ConfigException($"config.json: \"{names[0]}\" speaks of {layers} layers, more than the {MaxLayers} that a model may have.");
    }

    public double? OptionalNumber(params ReadOnlySpan<string> names) => Find(names, out string name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && double.IsFinite(number) ? number
        : throw Wrong(name, value, "a number");

    public double Number(double otherwise, params ReadOnlySpan<string> names) => OptionalNumber(names) ?? otherwise;

    public bool Flag(string name, bool otherwise) => OptionalFlag(name) ?? otherwise;

    public bool? OptionalFlag(string name) => Find([name], out _) is not { } value ? null
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
        : throw Wrong(name, value, "true or false");

    public string? Text(params ReadOnlySpan<string> names) => Find(names, out string name) is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? String(name, value)
        : throw Wrong(name, value, "a string");

    /// <summary>One id or a list of ids; where absent the default, if there is one. Null says that there is none.</summary>
    public IReadOnlyList<int> Ids(string name, int? otherwise = null)
    {
        if (Find([name], out _) is not { } value)
            return Default(name, otherwise) is { } id ? [id] : [];
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int single))
            return [single];
        if (value.ValueKind != JsonValueKind.Array)
            throw Wrong(name, value, "an id or a list of ids");
        return [.. value.EnumerateArray().Select(item =>
            item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int listed) ? listed : throw Wrong(name, value, "an id or a list of ids"))];
    }

    /// <summary>An id, the default where absent; null says that there is none.</summary>
    public int? Id(string name, int? otherwise) => OptionalInt(name) ?? Default(name, otherwise);

    // What the family's first model had may lie outside of another's vocabulary, and is no token there.
    private int? Default(string name, int? id) => IsNull(name) || id >= (OptionalInt("vocab_size") ?? int.MaxValue) ? null : id;

    /// <summary>The object under a name, or null.</summary>
    public ConfigReader? Section(string name) => Find([name], out _) is not { } value ? null
        : value.ValueKind == JsonValueKind.Object ? new ConfigReader(value, hasWeight)
        : throw Wrong(name, value, "an object");

    /// <summary>A list of strings; empty where absent.</summary>
    public IReadOnlyList<string> Names(string name)
    {
        if (Find([name], out _) is not { } value)
            return [];
        return value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
            ? [.. value.EnumerateArray().Select(item => String(name, item))]
            : throw Wrong(name, value, "a list of strings");
    }

    /// <summary>A list of numbers.</summary>
    public IReadOnlyList<double> Numbers(string name)
    {
        JsonElement value = Find([name], out _) ?? throw Missing([name]);
        return value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Number && item.TryGetDouble(out double number) && double.IsFinite(number))
            ? [.. value.EnumerateArray().Select(item => item.GetDouble())]
            : throw Wrong(name, value, "a list of numbers");
    }

    /// <summary>Entries of an object of strings by number, such as id2label; empty where absent.</summary>
    public IReadOnlyList<string> Labels(string name)
    {
        if (Find([name], out _) is not { } value)
            return [];
        if (value.ValueKind != JsonValueKind.Object)
            throw Wrong(name, value, "an object");
        SortedDictionary<int, string> labels = [];
        foreach (JsonProperty entry in value.EnumerateObject())
        {
            if (!int.TryParse(Key(entry), System.Globalization.CultureInfo.InvariantCulture, out int id) || entry.Value.ValueKind != JsonValueKind.String)
                throw Wrong(name, value, "label names by number");
            labels[id] = String(name, entry.Value);
        }

        return labels.Keys.SequenceEqual(Enumerable.Range(0, labels.Count)) ? [.. labels.Values] : throw Wrong(name, value, "labels numbered from 0 on");
    }

    /// <summary>Throws where a key has a value that would change results and is not supported; absent and null pass.</summary>
    public void Only(string name, params ReadOnlySpan<string> allowed)
    {
        if (Find([name], out _) is { } value && !allowed.Contains(Show(value)))
            throw new UnsupportedModelException($"config.json: \"{name}\": {value.GetRawText()} is not supported; supported: {(allowed.Length == 0 ? "null" : string.Join(", ", allowed))}.");
    }

    /// <summary>An activation by any of the names that configurations use.</summary>
    public Activation Activation(string otherwise, params ReadOnlySpan<string> names)
    {
        string text = Text(names) ?? otherwise;
        return ParseActivation(text) ?? throw new UnsupportedModelException($"config.json: \"{names[0]}\": \"{text}\" is not a supported activation.");
    }

    public static Activation? ParseActivation(string name) => name switch
    {
        "relu" => Transformers.Activation.Relu,
        "gelu" or "gelu_python" => Transformers.Activation.Gelu,
        "gelu_new" or "gelu_pytorch_tanh" or "gelu_fast" => Transformers.Activation.GeluTanh,
        "silu" or "swish" => Transformers.Activation.Silu,
        "tanh" => Transformers.Activation.Tanh,
        _ => null,
    };

    private static string Show(JsonElement value) => value.GetRawText().Trim('"');

    // JSON can write half of a surrogate pair, which is no text.
    private static string String(string name, JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Wrong(name, value, "text");
        }
    }

    private JsonElement? Find(ReadOnlySpan<string> names, out string found)
    {
        try
        {
            return FindAny(names, out found);
        }
        catch (InvalidOperationException)
        {
            throw new ConfigException("config.json has a key that is not text.");
        }
    }

    private JsonElement? FindAny(ReadOnlySpan<string> names, out string found)
    {
        foreach (string name in names)
        {
            if (root.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null)
            {
                found = name;
                return value;
            }
        }

        found = names[0];
        return null;
    }

    private static string Key(JsonProperty entry)
    {
        try
        {
            return entry.Name;
        }
        catch (InvalidOperationException)
        {
            throw new ConfigException("config.json has a key that is not text.");
        }
    }

    private static ConfigException Missing(ReadOnlySpan<string> names) =>
        new($"config.json lacks \"{string.Join("\" (or \"", names)}\"{new string(')', names.Length - 1)}.");

    private static ConfigException Wrong(string name, JsonElement value, string wanted) =>
        new($"config.json: \"{name}\" must be {wanted}, found {(value.GetRawText() is { Length: > 80 } raw ? raw[..80] + "…" : value.GetRawText())}.");
}
