using System.Text.Json;

namespace LlmCourse.Conformance;

/// <summary>
/// Where the reference values are. <see cref="Root"/> is a folder with the layout of <c>../shared/reference</c>
/// (LLMCOURSE_REFERENCE overrides it); <see cref="Folder"/> holds real models, tokenizer files and data
/// (LLMCOURSE_SHARED overrides it). Nothing here names a particular folder of reference values.
/// </summary>
internal static class Shared
{
    public const string NoRoot = "no reference folder: set LLMCOURSE_REFERENCE, or put ../shared/reference beside the repository";

    public static string? Folder { get; } = Existing(
        Environment.GetEnvironmentVariable("LLMCOURSE_SHARED"),
        Path.Combine(Repository(), "..", "shared"));

    public static string? Root { get; } = Existing(
        Environment.GetEnvironmentVariable("LLMCOURSE_REFERENCE"),
        Folder is null ? null : Path.Combine(Folder, "reference"));

    /// <summary>True where the root is another one than the usual: an unsupported folder is then a skip, not a failure.</summary>
    public static bool IsForeignRoot { get; } = Environment.GetEnvironmentVariable("LLMCOURSE_REFERENCE") is { Length: > 0 };

    /// <summary>The sub-folders of <c>root/kind</c>, sorted by name; none where it is absent.</summary>
    public static IEnumerable<string> Folders(string kind) =>
        Root is { } root && Directory.Exists(Path.Combine(root, kind))
            ? Directory.EnumerateDirectories(Path.Combine(root, kind)).Order(StringComparer.Ordinal)
            : [];

    public static JsonElement Json(params string[] path)
    {
        using FileStream stream = File.OpenRead(Path.Combine(path));
        using JsonDocument document = JsonDocument.Parse(stream);
        return document.RootElement.Clone();
    }

    private static string Repository()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "LlmCourse.sln")))
                return at.FullName;
        }

        return AppContext.BaseDirectory;
    }

    private static string? Existing(string? first, string? second) =>
        first is { Length: > 0 } ? (Directory.Exists(first) ? Path.GetFullPath(first) : null)
        : second is not null && Directory.Exists(second) ? Path.GetFullPath(second) : null;
}
