using static TorchSharp.torch;

namespace LlmCourse.Checkpoints;

/// <summary>
/// Several files of weights as one. The index decides tensor by tensor which file is meant: copies of a tensor in other
/// files, and tensors that the index does not name, do not exist.
/// </summary>
internal sealed class ShardedWeights : IWeightSource
{
    private const int NamesInError = 10;

    private readonly Dictionary<string, IWeightSource> _shards = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IWeightSource> _shardOf = new(StringComparer.Ordinal);
    private readonly Dictionary<string, WeightInfo> _weights = new(StringComparer.Ordinal);

    private ShardedWeights()
    {
    }

    public IReadOnlyDictionary<string, WeightInfo> Weights => _weights;

    /// <param name="indexPath">The index.</param>
    /// <param name="open">Opens one of the files.</param>
    public static ShardedWeights Open(string indexPath, Func<string, IWeightSource> open)
    {
        ShardedWeights weights = new();
        try
        {
            weights.Load(indexPath, open);
            return weights;
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    public void CopyTo(string name, Tensor destination)
    {
        this.Find(name, destination);
        _shardOf[name].CopyTo(name, destination);
    }

    public bool AreEqual(string name, string other) =>
        ReferenceEquals(_shardOf[name], _shardOf[other]) ? _shardOf[name].AreEqual(name, other) : this.ReadAlike(name, other);

    public void Dispose()
    {
        foreach (IWeightSource shard in _shards.Values)
            shard.Dispose();
    }

    private void Load(string indexPath, Func<string, IWeightSource> open)
    {
        Dictionary<string, string> shardOf = ShardIndex.Read(indexPath);
        string folder = Path.GetDirectoryName(indexPath) ?? "";
        string[] missing = [.. shardOf.Values.Distinct().Where(shard => !File.Exists(Path.Combine(folder, shard)))];
        if (missing.Length > 0)
            throw new CheckpointException(indexPath, $"{missing.Length} of the files that the index names are missing: {List(missing)}. Download them.");
        List<string> lost = [];
        foreach ((string name, string shardName) in shardOf)
        {
            if (!_shards.TryGetValue(shardName, out IWeightSource? shard))
                _shards.Add(shardName, shard = open(Path.Combine(folder, shardName)));
            if (shard.Weights.TryGetValue(name, out WeightInfo? weight))
                _weights.Add(name, weight);
            else
                lost.Add($"{name} ({shardName})");
            _shardOf.Add(name, shard);
        }

        if (lost.Count > 0)
            throw new CheckpointException(indexPath, $"{lost.Count} tensors are not in the files where the index says they are: {List(lost)}.");
    }

    private static string List(IReadOnlyCollection<string> names) =>
        string.Join(", ", names.Take(NamesInError)) + (names.Count > NamesInError ? ", …" : "");
}
