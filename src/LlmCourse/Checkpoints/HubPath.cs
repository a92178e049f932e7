using System.Text.RegularExpressions;

namespace LlmCourse.Checkpoints;

/// <summary>What of a server's words may become a place in the cache.</summary>
internal static partial class HubPath
{
    private const string Forbidden = "\\:*?\"<>|";

    /// <summary>
    /// Whether a file's path stays inside the folder it is put into, on every system: no root, drive, backslash or stream, no part
    /// that is empty or made of dots, or ends with what Windows leaves out.
    /// </summary>
    public static bool IsSafe(string path) =>
        path.Length is > 0 and <= 1024
        && !path.Any(letter => char.IsControl(letter) || Forbidden.Contains(letter))
        && path.Split('/').All(part => part.Length > 0 && part[^1] is not ('.' or ' ') && part[0] != ' ' && !Device().IsMatch(part));

    /// <summary>Whether this can be the name of a blob: the server's ETag.</summary>
    public static bool IsBlobName(string etag) => BlobName().IsMatch(etag) && !Device().IsMatch(etag);

    /// <summary>Whether this is a full commit.</summary>
    public static bool IsCommit(string text) => Commit().IsMatch(text);

    [GeneratedRegex(@"^[0-9a-f]{40}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Commit();

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9_-]{0,127}\z", RegexOptions.CultureInvariant)]
    private static partial Regex BlobName();

    [GeneratedRegex(@"^(?:CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9])(?:\.|\z)", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Device();
}
