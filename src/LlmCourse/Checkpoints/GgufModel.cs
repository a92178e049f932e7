using System.Text.Json;
using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Checkpoints;

/// <summary>
/// A GGUF file, all its parts included, seen as a Hugging Face checkpoint: its metadata as config.json, its tensors under Hugging
/// Face's names and as they are there.
/// </summary>
internal sealed class GgufModel : IWeightSource
{
    private const int MaxSettings = 1 << 16;

    private readonly GgufParts _file;
    private readonly GgufArchitecture _architecture;
    private readonly string _path;
    private readonly Dictionary<string, string> _stored = new(StringComparer.Ordinal);
    private readonly Dictionary<string, WeightInfo> _weights = new(StringComparer.Ordinal);
    private readonly int _heads;
    private readonly int _keyValueHeads;

    private GgufModel(GgufParts file, string path)
    {
        (_file, _path) = (file, path);
        GgufKeys keys = new(file.Metadata, path);
        _architecture = GgufArchitecture.All.FirstOrDefault(architecture => architecture.Name == keys.Architecture) ?? throw new CheckpointException(
            path, $"its architecture is \"{keys.Architecture}\"; supported in GGUF files: {string.Join(", ", GgufArchitecture.All.Select(architecture => architecture.Name))}.");
        foreach ((string name, WeightInfo weight) in file.Weights.Where(entry => !_architecture.Settings.Contains(entry.Key)))
        {
            string theirs = _architecture.HuggingFaceName(name);
            _stored[theirs] = name;
            _weights[theirs] = weight with { Name = theirs, Shape = IsTransposed(theirs, weight) ? [weight.Shape[1], weight.Shape[0]] : weight.Shape };
        }

        _heads = keys.Int("attention.head_count");
        _keyValueHeads = keys.OptionalInt("attention.head_count_kv") ?? _heads;
        Config = JsonSerializer.SerializeToElement(_architecture.Config(keys, this));
        keys.RefuseOthers();
    }

    /// <summary>What config.json would say.</summary>
    public JsonElement Config { get; }

    public GgufParts File => _file;

    public IReadOnlyDictionary<string, WeightInfo> Weights => _weights;

    public static GgufModel Open(string path)
    {
        GgufParts file = GgufParts.Open(path);
        try
        {
            return new GgufModel(file, path);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void CopyTo(string name, Tensor destination)
    {
        string stored = _stored[name];
        int heads = !_architecture.PairsRows ? 0
            : name.Contains("q_proj.", StringComparison.Ordinal) ? _heads
            : name.Contains("k_proj.", StringComparison.Ordinal) ? _keyValueHeads : 0; // weight and bias
        using var noGrad = no_grad();
        if (heads > 0)
        {
            using Tensor rows = _file.Read(stored);
            using Tensor turned = LlamaRows.ToHuggingFace(rows, heads);
            destination.copy_(turned);
        }
        else if (_architecture.AddsOneToNorms && stored.EndsWith("norm.weight", StringComparison.Ordinal))
        {
            using Tensor more = _file.Read(stored, ScalarType.Float32);
            using Tensor norm = more.Plus(-1);
            destination.copy_(norm);
        }
        else if (IsTransposed(name, _file.Weights[stored]))
        {
            using Tensor rows = _file.Read(stored);
            using Tensor columns = rows.t();
            destination.copy_(columns);
        }
        else
        {
            _file.CopyTo(stored, destination);
        }
    }

    public void Dispose() => _file.Dispose();

    /// <summary>Whether the file has a tensor of this name of its own.</summary>
    public bool Has(string stored) => _file.Weights.ContainsKey(stored);

    /// <summary>The numbers of a tensor that is a setting.</summary>
    public float[] Numbers(string stored)
    {
        if (!_file.Weights.TryGetValue(stored, out WeightInfo? setting) || setting.Bytes > MaxSettings)
            throw new CheckpointException(_path, $"it lacks {stored}, or has one that cannot be a list of rotary factors.");
        using Tensor tensor = _file.Read(stored, ScalarType.Float32);
        return [.. tensor.data<float>()];
    }

    /// <summary>The rows of the embeddings: metadata may count fewer.</summary>
    public int VocabularySize(GgufKeys keys) =>
        _file.Weights.TryGetValue("token_embd.weight", out WeightInfo? table) && table.Shape.Length == 2 && table.Shape[0] <= int.MaxValue
            ? (int)table.Shape[0] : keys.Int("vocab_size");

    private bool IsTransposed(string name, WeightInfo stored) =>
        _architecture.Transposes && stored.Shape.Length == 2 && name.Contains(".h.", StringComparison.Ordinal);
}
