using LlmCourse.Tokenization;

namespace LlmCourse.Checkpoints.Hub;

/// <summary>Which of a repository's files loading the model takes.</summary>
internal sealed class HubNeeds(HubId id, IReadOnlySet<string> files)
{
    /// <summary>What is taken if it is there.</summary>
    private static readonly string[] Small =
    [
        Pretrained.ConfigFile, "generation_config.json", .. PretrainedTokenizer.FileNames,
        "modules.json", "sentence_bert_config.json", "config_sentence_transformers.json", "1_Pooling/config.json", "2_Dense/config.json", "2_Dense/model.safetensors",
    ];

    /// <summary>Weights in the order of preference: all in one file, or an index of several.</summary>
    private static readonly (string Single, string Index)[] Weights =
    [
        (WeightFolder.SingleFile, WeightFolder.IndexFile),
        (WeightFolder.SinglePickleFile, WeightFolder.PickleIndexFile),
    ];

    /// <summary>Whether a folder has configuration and weights, all shards included.</summary>
    public static bool IsComplete(string snapshot)
    {
        bool Has(string file) => File.Exists(Path.Combine(snapshot, file));
        return Has(Pretrained.ConfigFile)
            && Weights.Any(kind => Has(kind.Single) || (Has(kind.Index) && ShardIndex.Read(Path.Combine(snapshot, kind.Index)).Values.Distinct().All(Has)));
    }

    /// <summary>What is known to be needed before anything of it has been read.</summary>
    public IEnumerable<string> First()
    {
        if (id.File is not null)
            return files.Contains(id.File) ? [id.File] : throw new HubException($"The hub: '{id.Name}' has no file '{id.File}' at revision '{id.Revision}'.{Ggufs()}");
        if (!files.Contains(Pretrained.ConfigFile))
            throw new HubException($"The hub: '{id.Name}' has no {Pretrained.ConfigFile}, so it is no model that can be loaded.{Ggufs()}");
        (string single, string index) = Array.Find(Weights, kind => files.Contains(kind.Single) || files.Contains(kind.Index));
        string weights = single is null ? throw NoWeights() : files.Contains(single) ? single : index;
        return [.. Small.Where(files.Contains), weights];
    }

    /// <summary>The files that the index names, which is there now.</summary>
    public IEnumerable<string> Shards(string snapshot)
    {
        if (id.File is not null || Weights.Any(kind => File.Exists(Path.Combine(snapshot, kind.Single))))
            return [];
        string index = Weights.Select(kind => Path.Combine(snapshot, kind.Index)).First(File.Exists);
        string[] shards = [.. ShardIndex.Read(index).Values.Distinct().Order(StringComparer.Ordinal)];
        return Array.Find(shards, shard => !files.Contains(shard) || !HubPath.IsSafe(shard)) is string lost
            ? throw new HubException($"The hub: the index of '{id.Name}' names '{lost}', which the repository does not have.")
            : shards;
    }

    private HubException NoWeights()
    {
        string[] others = [.. files.Where(file => file is "tf_model.h5" or "flax_model.msgpack")];
        return new HubException($"The hub: '{id.Name}' has no weights in safetensors{(others.Length == 0 ? "." : $", only {string.Join(", ", others)}: convert it in Python, or look for another revision.")}{Ggufs()}");
    }

    private string Ggufs()
    {
        string[] found = [.. files.Where(file => file.EndsWith(".gguf", StringComparison.Ordinal) && HubPath.IsSafe(file)).Order(StringComparer.Ordinal).Take(20)];
        return found.Length == 0 ? "" : $" It has GGUF files: load one by its name, such as {string.Join(", ", found.Select(file => $"{id.Name}/{file}"))}.";
    }
}
