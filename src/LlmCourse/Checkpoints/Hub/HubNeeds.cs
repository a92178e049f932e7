using LlmCourse.Tokenization;

namespace LlmCourse.Checkpoints.Hub;

/// <summary>Which of a repository's files are needed: what loading the model takes, or its configuration alone.</summary>
internal sealed class HubNeeds(HubId id, bool configurationOnly = false)
{
    /// <summary>What is taken if it is there.</summary>
    private static readonly string[] Small =
    [
        Pretrained.ConfigFile, "generation_config.json", .. PretrainedTokenizer.FileNames,
        "modules.json", "sentence_bert_config.json", "config_sentence_transformers.json", "1_Pooling/config.json", "2_Dense/config.json", "2_Dense/model.safetensors",
    ];

    /// <summary>Weights in the order in which a folder's are chosen: all in one file, or an index of several.</summary>
    private static readonly (string Name, bool IsIndex)[] Weights =
    [
        (WeightFolder.SingleFile, false),
        (WeightFolder.IndexFile, true),
        (WeightFolder.SinglePickleFile, false),
        (WeightFolder.PickleIndexFile, true),
    ];

    public HubId Id => id;

    /// <summary>Whether a branch may stand for a commit of which these files are there.</summary>
    public bool AreAll => !configurationOnly;

    private string[] Optional => id.File is not null ? [] : configurationOnly ? [Pretrained.ConfigFile] : Small;

    /// <summary>Whether what is in the snapshot's folder will do: configuration and weights, all shards or parts included.</summary>
    public bool AreIn(string snapshot)
    {
        bool Has(string file) => File.Exists(Path.Combine(snapshot, file));
        if (id.File is not null)
            return Parts().All(Has);
        if (configurationOnly || !Has(Pretrained.ConfigFile))
            return Has(Pretrained.ConfigFile);
        (string? weights, bool isIndex) = Array.Find(Weights, kind => Has(kind.Name));
        return weights is not null && (!isIndex || ShardsOf(Path.Combine(snapshot, weights)).All(Has));
    }

    /// <summary>Whether it is known as well that the repository has nothing else that would be taken.</summary>
    public bool AreAllIn(string snapshot) =>
        AreIn(snapshot) && Optional.All(file => File.Exists(Path.Combine(snapshot, file)) || HubCache.IsKnownAbsent(snapshot, file));

    /// <summary>The file that names others, and is needed before the others are known; null where there is none.</summary>
    public string? Index(IReadOnlySet<string> files) =>
        id.File is null && !configurationOnly && Chosen(files) is (string name, true) ? name : null;

    /// <summary>All that is needed. The index is in the snapshot by now.</summary>
    public IReadOnlyList<string> Files(IReadOnlySet<string> files, string snapshot)
    {
        if (id.File is not null)
            return NamedFile(files);
        if (!files.Contains(Pretrained.ConfigFile))
            throw new HubException($"The hub: '{id.Name}' has no {Pretrained.ConfigFile}, so it is no model that can be loaded.{Ggufs(files)}");
        string[] small = [.. Optional.Where(files.Contains)];
        if (configurationOnly)
            return small;
        if (Chosen(files) is not (string weights, bool isIndex))
            throw NoWeights(files);
        return [.. small, weights, .. isIndex ? Shards(files, Path.Combine(snapshot, weights)) : []];
    }

    /// <summary>What would be taken, and is not in the repository.</summary>
    public IEnumerable<string> Absent(IReadOnlySet<string> files) => Optional.Where(file => !files.Contains(file));

    private static (string Name, bool IsIndex)? Chosen(IReadOnlySet<string> files) =>
        Weights.Where(kind => files.Contains(kind.Name)).Select(kind => ((string, bool)?)kind).FirstOrDefault();

    private static string[] ShardsOf(string index) => [.. ShardIndex.Read(index).Values.Distinct().Order(StringComparer.Ordinal)];

    private string[] Shards(IReadOnlySet<string> files, string index)
    {
        string[] shards = ShardsOf(index);
        return Array.Find(shards, shard => !files.Contains(shard) || !HubPath.IsSafe(shard)) is string lost
            ? throw new HubException($"The hub: the index of '{id.Name}' names '{lost}', which the repository does not have.")
            : shards;
    }

    private IEnumerable<string> Parts() => GgufPart.Of(id.File!)?.All() ?? [id.File!];

    private string[] NamedFile(IReadOnlySet<string> files)
    {
        if (GgufPart.Of(id.File!) is { Number: > 1 } part)
            throw new HubException($"The hub: '{id.File}' is part {part.Number} of {part.Count} of a file. Name the first, {id.Name}/{part.First()}: the others come with it.");
        string[] parts = [.. Parts()];
        return Array.Find(parts, file => !files.Contains(file)) is string lost
            ? throw new HubException($"The hub: '{id.Name}' has no file '{lost}' at revision '{id.Revision}'.{Ggufs(files)}")
            : parts;
    }

    private HubException NoWeights(IReadOnlySet<string> files)
    {
        string[] others = [.. files.Where(file => file is "tf_model.h5" or "flax_model.msgpack")];
        return new HubException($"The hub: '{id.Name}' has no weights in safetensors{(others.Length == 0 ? "." : $", only {string.Join(", ", others)}: convert it in Python, or look for another revision.")}{Ggufs(files)}");
    }

    private string Ggufs(IReadOnlySet<string> files)
    {
        string[] found = [.. files.Where(file => file.EndsWith(".gguf", StringComparison.Ordinal) && HubPath.IsSafe(file) && GgufPart.Of(file) is null or { Number: 1 }).Order(StringComparer.Ordinal).Take(20)];
        return found.Length == 0 ? "" : $" It has GGUF files: load one by its name, such as {string.Join(", ", found.Select(file => $"{id.Name}/{file}"))}.";
    }
}
