using System.Text.Json;
using LlmCourse.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Encoders;

/// <summary>The folder of one module of a sentence encoder, and its settings. What is wrong is named with its file.</summary>
internal sealed class ModuleFolder
{
    private readonly JsonElement _settings;

    /// <param name="path">The folder.</param>
    /// <param name="file">The file of its settings in it; where it is absent there are none.</param>
    public ModuleFolder(string path, string file)
    {
        (Path, File) = (path, System.IO.Path.Combine(path, file));
        _settings = System.IO.File.Exists(File) ? JsonFile.Read(File) : JsonSerializer.SerializeToElement(new Dictionary<string, string>());
        if (_settings.ValueKind != JsonValueKind.Object)
            throw new CheckpointException(File, "it must hold an object.");
    }

    public string Path { get; }

    public string File { get; }

    /// <summary>An object's strings by their names; empty where it is absent.</summary>
    public IReadOnlyDictionary<string, string> Texts(string name) => Find(name) is not { } value ? new Dictionary<string, string>()
        : value.ValueKind == JsonValueKind.Object && value.EnumerateObject().All(entry => entry.Value.ValueKind == JsonValueKind.String)
            ? value.EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value.GetString()!)
            : throw Wrong(name, "texts by name", value);

    /// <summary>A text, or a list of texts.</summary>
    public IReadOnlyList<string> Names(string name) => Find(name) is not { } value ? []
        : value.ValueKind == JsonValueKind.String ? [value.GetString()!]
        : value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String)
            ? [.. value.EnumerateArray().Select(item => item.GetString()!)]
            : throw Wrong(name, "a text or a list of texts", value);

    public string? Text(string name) => Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString() : throw Wrong(name, "a text", value);

    public bool Flag(string name, bool otherwise) => Find(name) is not { } value ? otherwise
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Wrong(name, "true or false", value);

    /// <summary>A positive whole number that must be there.</summary>
    public int Whole(string name) => OptionalWhole(name) ?? throw new CheckpointException(File, $"it lacks \"{name}\".");

    /// <summary>A positive whole number, or null; so large a one that it means no limit is null too.</summary>
    public int? OptionalWhole(string name) => Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number >= 1 && number == Math.Floor(number)
            ? number <= int.MaxValue ? (int)number : null
            : throw Wrong(name, "a positive whole number", value);

    /// <summary>Refuses any other value of a setting.</summary>
    public void Only(string name, string allowed)
    {
        if (Text(name) is { } value && value != allowed)
            throw new CheckpointException(File, $"\"{name}\": \"{value}\" is not supported; supported: {allowed}.");
    }

    /// <summary>A weight that must have a shape.</summary>
    public Tensor Read(IWeightSource source, string name, long[] shape, ScalarType type, Device device)
    {
        if (!source.Weights.TryGetValue(name, out WeightInfo? weight))
            throw new CheckpointException(Path, $"there is no tensor {name}.");
        if (!weight.Shape.AsSpan().SequenceEqual(shape))
            throw new CheckpointException(Path, $"{name} is [{string.Join(", ", weight.Shape)}], the settings mean [{string.Join(", ", shape)}].");
        using Tensor host = source.Read(name, type);
        return host.to(device, copy: true).DetachFromDisposeScope();
    }

    private JsonElement? Find(string name) => _settings.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private CheckpointException Wrong(string name, string wanted, JsonElement found) =>
        new(File, $"\"{name}\" must be {wanted}, found {(found.GetRawText() is { Length: > 80 } raw ? raw[..80] + "…" : found.GetRawText())}.");
}
