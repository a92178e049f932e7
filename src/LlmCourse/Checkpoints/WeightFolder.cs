namespace LlmCourse.Checkpoints;

/// <summary>The weights of a Hugging Face folder: one safetensors file, or several with an index; else the same in PyTorch's own format.</summary>
internal static class WeightFolder
{
    public const string SingleFile = "model.safetensors";
    public const string IndexFile = "model.safetensors.index.json";
    public const string SinglePickleFile = "pytorch_model.bin";
    public const string PickleIndexFile = "pytorch_model.bin.index.json";

    /// <summary>Formats of other tools: what to say about a folder that has nothing but one of them.</summary>
    private static readonly (string File, string Advice)[] Refused =
    [
        ("tf_model.h5", ConvertAdvice),
        ("flax_model.msgpack", ConvertAdvice),
    ];

    public const string ConvertAdvice =
        "Use a revision of the model that has safetensors, or convert it in Python: AutoModel.from_pretrained(folder).save_pretrained(folder, safe_serialization=True).";

    /// <summary>Opens the weights of <paramref name="folder"/>.</summary>
    public static IWeightSource Open(string folder)
    {
        if (!Directory.Exists(folder))
            throw new CheckpointException(folder, "there is no such folder.");
        if (File.Exists(Path.Combine(folder, SingleFile)))
            return SafetensorsFile.Open(Path.Combine(folder, SingleFile));
        if (File.Exists(Path.Combine(folder, IndexFile)))
            return ShardedWeights.Open(Path.Combine(folder, IndexFile), SafetensorsFile.Open);
        if (File.Exists(Path.Combine(folder, SinglePickleFile)))
            return PickleFile.Open(Path.Combine(folder, SinglePickleFile));
        if (File.Exists(Path.Combine(folder, PickleIndexFile)))
            return ShardedWeights.Open(Path.Combine(folder, PickleIndexFile), PickleFile.Open);
        foreach ((string file, string advice) in Refused)
        {
            if (File.Exists(Path.Combine(folder, file)))
                throw new CheckpointException(folder, $"the weights are there only as {file}. {advice}");
        }

        throw new CheckpointException(folder, $"there are no weights: neither {SingleFile} nor {IndexFile}.");
    }

    /// <summary>
    /// Writes weights into <paramref name="folder"/>, which has none yet: one file, or files of at most
    /// <paramref name="maxShardBytes"/> bytes of data (more only where a single tensor is larger) with their index.
    /// The tensors are spread in the given order.
    /// </summary>
    public static void Write(string folder, IReadOnlyList<PendingWeight> weights, long maxShardBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxShardBytes);
        List<List<PendingWeight>> shards = Split(weights, maxShardBytes);
        if (shards.Count <= 1)
        {
            SafetensorsWriter.Write(Path.Combine(folder, SingleFile), weights);
            return;
        }

        Dictionary<string, string> shardOf = new(StringComparer.Ordinal);
        for (int shard = 0; shard < shards.Count; shard++)
        {
            string name = $"model-{shard + 1:00000}-of-{shards.Count:00000}.safetensors";
            foreach (PendingWeight weight in shards[shard])
            {
                if (!shardOf.TryAdd(weight.Name, name))
                    throw new ArgumentException($"Two tensors cannot both be named '{weight.Name}'.", nameof(weights));
            }

            SafetensorsWriter.Write(Path.Combine(folder, name), shards[shard]);
        }

        ShardIndex.Write(Path.Combine(folder, IndexFile), weights, shardOf);
    }

    private static List<List<PendingWeight>> Split(IReadOnlyList<PendingWeight> weights, long maxShardBytes)
    {
        List<List<PendingWeight>> shards = [];
        long size = 0;
        foreach (PendingWeight weight in weights)
        {
            if (shards.Count == 0 || size + weight.Bytes > maxShardBytes)
            {
                shards.Add([]);
                size = 0;
            }

            shards[^1].Add(weight);
            size += weight.Bytes;
        }

        return shards;
    }
}
