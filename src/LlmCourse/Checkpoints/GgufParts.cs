using static TorchSharp.torch;

namespace LlmCourse.Checkpoints;

/// <summary>
/// A GGUF file with the parts that it may be split into, which lie beside it. The first has the metadata of the model, each has
/// some of the tensors.
/// </summary>
internal sealed class GgufParts : IWeightSource
{
    private const int NamesInError = 10;

    private readonly List<GgufFile> _files = [];
    private readonly Dictionary<string, GgufFile> _fileOf = new(StringComparer.Ordinal);
    private readonly Dictionary<string, WeightInfo> _weights = new(StringComparer.Ordinal);

    private GgufParts()
    {
    }

    /// <summary>The first part's: see <see cref="GgufFile.Metadata"/>.</summary>
    public IReadOnlyDictionary<string, object> Metadata => _files[0].Metadata;

    public IReadOnlyDictionary<string, WeightInfo> Weights => _weights;

    /// <param name="path">The file, or the first of its parts.</param>
    public static GgufParts Open(string path)
    {
        GgufParts parts = new();
        try
        {
            parts.Load(path);
            return parts;
        }
        catch
        {
            parts.Dispose();
            throw;
        }
    }

    /// <summary>See <see cref="GgufFile.CanRead"/>.</summary>
    public bool CanRead(string name) => _fileOf[name].CanRead(name);

    public void CopyTo(string name, Tensor destination)
    {
        this.Find(name, destination);
        _fileOf[name].CopyTo(name, destination);
    }

    public void Dispose() => _files.ForEach(file => file.Dispose());

    private void Load(string path)
    {
        GgufFile first = Add(path);
        (int number, int count, int? tensors) = first.Split;
        if (count == 1)
            return;
        GgufPart? name = GgufPart.Of(path);
        if (number != 1)
            throw new CheckpointException(path, $"this is part {number} of a GGUF file in {count} parts. Load the first{(name is null ? "" : $", {Path.GetFileName(name.First())}")}: the others are found beside it.");
        if (name is null || name.Number != 1 || name.Count != count)
            throw new CheckpointException(path, $"this is the first of {count} parts of a GGUF file, but it is not named so. Give the parts their names again (name-00001-of-{count:D5}.gguf), or join them with 'llama-gguf-split --merge'.");
        string[] others = [.. name.All().Skip(1)], missing = [.. others.Where(other => !File.Exists(other)).Select(other => Path.GetFileName(other)!)];
        if (missing.Length > 0)
            throw new CheckpointException(path, $"{missing.Length} of the {count} parts of this GGUF file are not beside it: {string.Join(", ", missing.Take(NamesInError))}{(missing.Length > NamesInError ? ", …" : "")}. Download them into the same folder.");
        foreach (string other in others)
        {
            GgufFile file = Add(other);
            if (file.Split != (_files.Count, count, tensors))
                throw new CheckpointException(other, $"this is no part {_files.Count} of {count} of the GGUF file that {Path.GetFileName(path)} begins: its metadata says part {file.Split.Number} of {file.Split.Count}. Download it again.");
        }

        if (tensors is not null && tensors != _weights.Count)
            throw new CheckpointException(path, $"the {count} parts of this GGUF file have {_weights.Count} tensors, and its metadata speaks of {tensors}. Download them again.");
    }

    private GgufFile Add(string path)
    {
        GgufFile file = GgufFile.Open(path);
        _files.Add(file);
        foreach ((string name, WeightInfo weight) in file.Weights)
        {
            if (!_weights.TryAdd(name, weight))
                throw new CheckpointException(path, $"tensor '{name}' is in an earlier part too. Download the parts again.");
            _fileOf.Add(name, file);
        }

        return file;
    }
}
