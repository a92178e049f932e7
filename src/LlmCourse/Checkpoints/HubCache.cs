using System.Text.RegularExpressions;

namespace LlmCourse.Checkpoints;

/// <summary>
/// Finds models in the local cache of Hugging Face's own tools: <c>models--owner--name</c> with <c>refs</c> that name a
/// commit and <c>snapshots/commit</c> with its files. Nothing is downloaded.
/// </summary>
internal sealed partial class HubCache
{
    private const string DefaultRevision = "main";

    private HubCache(string folder) => Folder = folder;

    /// <summary>The cache's own folder, which may be missing.</summary>
    public string Folder { get; }

    /// <summary>The cache that the environment names: HF_HUB_CACHE, else HF_HOME/hub, else ~/.cache/huggingface/hub.</summary>
    public static HubCache FromEnvironment() => FromEnvironment(Environment.GetEnvironmentVariable);

    /// <summary>The same, with the variables taken from <paramref name="variable"/>.</summary>
    public static HubCache FromEnvironment(Func<string, string?> variable)
    {
        string user = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string home = Value("HF_HOME") ?? Path.Combine(Value("XDG_CACHE_HOME") ?? Path.Combine(user, ".cache"), "huggingface");
        return At(Value("HF_HUB_CACHE") ?? Path.Combine(home, "hub"));

        string? Value(string name) => variable(name) switch
        {
            null or "" => null,
            "~" => user,
            ['~', '/', .. string rest] => Path.Combine(user, rest),
            string value => value,
        };
    }

    /// <summary>The cache in a given folder.</summary>
    public static HubCache At(string folder) => new(Path.GetFullPath(folder));

    /// <summary>True for what can be a model's name on the hub: <c>name</c> or <c>owner/name</c>, either with <c>@revision</c>.</summary>
    public static bool IsModelId(string id) => TryParse(id, revision: null, out _, out _);

    /// <summary>The folder of a model's files.</summary>
    /// <param name="id"><c>owner/name</c> (or an old <c>name</c>), with <c>@revision</c> where wanted.</param>
    /// <param name="revision">A branch, a tag or a full commit; <c>main</c> where neither this nor <paramref name="id"/> says.</param>
    /// <exception cref="ArgumentException"><paramref name="id"/> or the revision is not well formed.</exception>
    /// <exception cref="CheckpointException">The model is not in the cache.</exception>
    public string Resolve(string id, string? revision = null)
    {
        if (!TryParse(id, revision, out string name, out string wanted))
            throw new ArgumentException($"'{id}'{(revision is null ? "" : $" at revision '{revision}'")} is no model name of the hub (owner/name, or owner/name@revision).", nameof(id));
        string model = Path.Combine(Folder, "models--" + name.Replace("/", "--", StringComparison.Ordinal));
        string commit = Commit().IsMatch(wanted) ? wanted : ReadReference(model, id, wanted);
        string snapshot = Path.Combine(model, "snapshots", commit);
        return Directory.Exists(snapshot)
            ? snapshot
            : throw NotCached(snapshot, id, wanted, "there is no such snapshot");
    }

    /// <summary>True where an earlier download found that this snapshot has no such file.</summary>
    public static bool IsKnownAbsent(string snapshot, string file)
    {
        string commit = Path.GetFileName(snapshot);
        string? model = Path.GetDirectoryName(Path.GetDirectoryName(snapshot));
        return model is not null && File.Exists(Path.Combine(model, ".no_exist", commit, file));
    }

    private static bool TryParse(string id, string? revision, out string name, out string wanted)
    {
        int at = id.IndexOf('@', StringComparison.Ordinal);
        name = at < 0 ? id : id[..at];
        wanted = revision ?? (at < 0 ? DefaultRevision : id[(at + 1)..]);
        bool saysTwice = at >= 0 && revision is not null && revision != id[(at + 1)..];
        return !saysTwice && Name().IsMatch(name) && !name.Contains("--", StringComparison.Ordinal) && !name.Contains("..", StringComparison.Ordinal)
            && Revision().IsMatch(wanted) && !wanted.Contains("..", StringComparison.Ordinal);
    }

    private string ReadReference(string model, string id, string wanted)
    {
        string file = Path.Combine(model, "refs", Path.Combine(wanted.Split('/')));
        if (!File.Exists(file))
            throw NotCached(file, id, wanted, "there is no such file");
        if (new FileInfo(file).Length > 256)
            throw NotCached(file, id, wanted, "the file is too long to name a commit");
        string commit = File.ReadAllText(file).Trim();
        return Commit().IsMatch(commit)
            ? commit
            : throw NotCached(file, id, wanted, $"the file names '{commit}', which is no commit");
    }

    private CheckpointException NotCached(string lookedAt, string id, string revision, string found) => new(
        lookedAt,
        $"{found}, so model '{id}' (revision '{revision}') is not in the cache {Folder}. "
        + "Download it with 'hf download', set HF_HUB_CACHE or HF_HOME to the cache that has it, or give a folder.");

    // Each part begins and ends with a letter, digit or underscore: neither "." nor ".." nor a hidden folder.
    [GeneratedRegex(@"^(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?/)?[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Name();

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_.+-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.+-]*)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Revision();

    [GeneratedRegex(@"^[0-9a-f]{40}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Commit();
}
