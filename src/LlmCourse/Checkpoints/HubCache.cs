namespace LlmCourse.Checkpoints;

/// <summary>
/// Finds models in the local cache of Hugging Face's own tools: <c>models--owner--name</c> with <c>refs</c> that name a
/// commit and <c>snapshots/commit</c> with its files. Nothing is downloaded here.
/// </summary>
internal sealed class HubCache
{
    private HubCache(string folder) => Folder = folder;

    /// <summary>The cache's own folder, which may be missing.</summary>
    public string Folder { get; }

    /// <summary>The cache that the environment's variables name: HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub.</summary>
    public static HubCache FromEnvironment(Func<string, string?> variable) =>
        At(Place(variable, "HF_HUB_CACHE") ?? Path.Combine(Home(variable), "hub"));

    /// <summary>Where Hugging Face's tools keep their files: HF_HOME, else ~/.cache/huggingface.</summary>
    public static string Home(Func<string, string?> variable) =>
        Place(variable, "HF_HOME") ?? Path.Combine(Place(variable, "XDG_CACHE_HOME") ?? Path.Combine(UserFolder, ".cache"), "huggingface");

    /// <summary>A folder or file that a variable names, where ~ is the user's own folder; null where it names none.</summary>
    public static string? Place(Func<string, string?> variable, string name) => variable(name) switch
    {
        null or "" => null,
        "~" => UserFolder,
        ['~', '/', .. string rest] => Path.Combine(UserFolder, rest),
        string value => value,
    };

    /// <summary>The cache in a given folder.</summary>
    public static HubCache At(string folder) => new(Path.GetFullPath(folder));

    /// <summary>Where everything about a model is: blobs, refs, snapshots.</summary>
    public string ModelFolder(string name) => Path.Combine(Folder, RepositoryFolder(name));

    /// <summary>Where the locks of a model's blobs are.</summary>
    public string LockFolder(string name) => Path.Combine(Folder, ".locks", RepositoryFolder(name));

    /// <summary>The folder of a commit's files.</summary>
    public string Snapshot(string name, string commit) => Path.Combine(ModelFolder(name), "snapshots", commit);

    /// <summary>The file that says which commit a branch or tag is.</summary>
    public string Reference(string name, string revision) => Path.Combine(ModelFolder(name), "refs", Path.Combine(revision.Split('/')));

    /// <summary>The folder of a model's files.</summary>
    /// <param name="id"><c>owner/name</c> (or an old <c>name</c>), with <c>@revision</c> where wanted.</param>
    /// <param name="revision">A branch, a tag or a full commit; <c>main</c> where neither this nor <paramref name="id"/> says.</param>
    /// <exception cref="ArgumentException"><paramref name="id"/> or the revision is not well formed.</exception>
    /// <exception cref="CheckpointException">The model is not in the cache.</exception>
    public string Resolve(string id, string? revision = null) => Resolve(HubId.Parse(id, revision));

    /// <summary>The same: a folder, or the file where the name is that of a file.</summary>
    public string Resolve(HubId id)
    {
        string commit = id.IsCommit ? id.Revision : ReadReference(id);
        string snapshot = Snapshot(id.Name, commit);
        if (!Directory.Exists(snapshot))
            throw NotCached(snapshot, id, "there is no such snapshot");
        if (id.File is null)
            return snapshot;
        string file = Path.Combine(snapshot, id.File);
        return File.Exists(file) ? file : throw NotCached(file, id, "there is no such file");
    }

    /// <summary>True where an earlier download found that this snapshot has no such file.</summary>
    public static bool IsKnownAbsent(string snapshot, string file)
    {
        string commit = Path.GetFileName(snapshot);
        string? model = Path.GetDirectoryName(Path.GetDirectoryName(snapshot));
        return model is not null && File.Exists(Path.Combine(model, ".no_exist", commit, file));
    }

    private static string UserFolder => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    private static string RepositoryFolder(string name) => "models--" + name.Replace("/", "--", StringComparison.Ordinal);

    private string ReadReference(HubId id)
    {
        string file = Reference(id.Name, id.Revision);
        if (!File.Exists(file))
            throw NotCached(file, id, "there is no such file");
        if (new FileInfo(file).Length > 256)
            throw NotCached(file, id, "the file is too long to name a commit");
        string commit = File.ReadAllText(file).Trim();
        return HubPath.IsCommit(commit) ? commit : throw NotCached(file, id, $"the file names '{commit}', which is no commit");
    }

    private CheckpointException NotCached(string lookedAt, HubId id, string found) => new(
        lookedAt,
        $"{found}, so model '{id.Shown}' (revision '{id.Revision}') is not in the cache {Folder}. "
        + "Load it once where there is a network and HF_HUB_OFFLINE is not set, set HF_HUB_CACHE or HF_HOME to the cache that has it, or give a folder.");
}
