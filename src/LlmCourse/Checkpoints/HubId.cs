using System.Text.RegularExpressions;

namespace LlmCourse.Checkpoints;

/// <summary>A model's name on the hub: <c>name</c> or <c>owner/name</c>, perhaps with a GGUF file of it, and the revision.</summary>
/// <param name="Name">The repository, owner included.</param>
/// <param name="Revision">A branch, a tag or a full commit.</param>
/// <param name="File">A .gguf file inside the repository; null where the model is meant that the repository itself is.</param>
internal sealed partial record HubId(string Name, string Revision, string? File)
{
    private const string DefaultRevision = "main";
    private const string GgufEnding = ".gguf";

    /// <summary>Whether the revision is a commit, whose files never change.</summary>
    public bool IsCommit => HubPath.IsCommit(Revision);

    /// <summary>The name as a user wrote it, without the revision.</summary>
    public string Shown => File is null ? Name : $"{Name}/{File}";

    /// <param name="id"><c>owner/name</c> or <c>owner/name/file.gguf</c> (or an old <c>name</c>), with <c>@revision</c> where wanted.</param>
    /// <param name="revision">The revision, where it does not stand in <paramref name="id"/>.</param>
    /// <exception cref="ArgumentException">It is no such name.</exception>
    public static HubId Parse(string id, string? revision) => TryParse(id, revision) ?? throw new ArgumentException(
        $"'{id}'{(revision is null ? "" : $" at revision '{revision}'")} is no file, no folder and no model name of the hub (owner/name, owner/name@revision, or owner/name/file.gguf).", nameof(id));

    /// <summary>The same; null for what is no such name.</summary>
    public static HubId? TryParse(string id, string? revision)
    {
        int at = id.IndexOf('@', StringComparison.Ordinal);
        string path = at < 0 ? id : id[..at], wanted = revision ?? (at < 0 ? DefaultRevision : id[(at + 1)..]);
        if (at >= 0 && revision is not null && revision != id[(at + 1)..])
            return null; // it says two things
        string[] parts = path.Split('/', 3);
        string name = string.Join('/', parts.Take(2));
        string? file = parts.Length == 3 ? parts[2] : null;
        bool isName = RepositoryName().IsMatch(name) && !name.Contains("--", StringComparison.Ordinal) && !name.Contains("..", StringComparison.Ordinal);
        bool isFile = file is null || (file.EndsWith(GgufEnding, StringComparison.Ordinal) && HubPath.IsSafe(file));
        bool isRevision = RevisionName().IsMatch(wanted) && !wanted.Contains("..", StringComparison.Ordinal);
        return isName && isFile && isRevision ? new HubId(name, wanted, file) : null;
    }

    // Each part begins and ends with a letter, digit or underscore: neither "." nor ".." nor a hidden folder.
    [GeneratedRegex(@"^(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?/)?[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex RepositoryName();

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_.+-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.+-]*)*\z", RegexOptions.CultureInvariant)]
    private static partial Regex RevisionName();
}
