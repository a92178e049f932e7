using System.Collections.Concurrent;
using System.Text.Json;

namespace LlmCourse.Conformance;

/// <summary>The files of <c>root/metrics</c>, and the texts that they name instead of holding them.</summary>
internal static class MetricsFiles
{
    private const string Kind = "metrics";
    private const double Tolerance = 1e-9;

    private static readonly ConcurrentDictionary<string, string[]> DataFiles = new(StringComparer.Ordinal);
    private static readonly ConcurrentDictionary<string, JsonElement> Files = new(StringComparer.Ordinal);

    /// <summary>A case for each entry of a list in a file, "path[i]"; one that skips where there is none.</summary>
    public static TheoryData<string> Entries(string file, params string[] path)
    {
        TheoryData<string> cases = [];
        if (Find(file, path) is { ValueKind: JsonValueKind.Array } list)
        {
            for (int i = 0; i < list.GetArrayLength(); i++)
                cases.Add($"{file}/{string.Join('/', path)}[{i}]");
        }

        if (cases.Count == 0)
            cases.Add(Cases.None);
        return cases;
    }

    /// <summary>A case for each part of a file that is there; one that skips where there is none.</summary>
    public static TheoryData<string> Sections(string file, params string[] sections)
    {
        TheoryData<string> cases = [];
        foreach (string section in sections.Where(section => Find(file, section.Split('/')) is not null))
            cases.Add($"{file}/{section}");
        if (cases.Count == 0)
            cases.Add(Cases.None);
        return cases;
    }

    /// <summary>What a case's name stands for.</summary>
    public static JsonElement Of(string name)
    {
        Skip.If(Shared.Root is null, Shared.NoRoot);
        Skip.If(Cases.IsNone(name), $"{Shared.Root} has no such file or section under {Kind}");
        int bracket = name.IndexOf('[', StringComparison.Ordinal);
        string[] path = (bracket < 0 ? name : name[..bracket]).Split('/');
        JsonElement found = Find(path[0], path[1..])!.Value;
        return bracket < 0 ? found : found[int.Parse(name.AsSpan(bracket + 1, name.Length - bracket - 2), System.Globalization.CultureInfo.InvariantCulture)];
    }

    public static JsonElement? Find(string file, params string[] path)
    {
        if (Shared.Root is null || !File.Exists(Path.Combine(Shared.Root, Kind, file)))
            return null;
        JsonElement at = Files.GetOrAdd(file, name => Shared.Json(Shared.Root, Kind, name));
        foreach (string key in path)
        {
            if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(key, out at))
                return null;
        }

        return at;
    }

    /// <summary>A text: itself, a field of a line of JSON Lines, or lines of a file.</summary>
    public static string Text(JsonElement text)
    {
        if (text.ValueKind == JsonValueKind.String)
            return text.GetString()!;
        string path = Path.Combine(Shared.Folder ?? "", text.GetProperty("file").GetString()!);
        Skip.If(!File.Exists(path), $"the data file {text.GetProperty("file").GetString()} is not here");
        // Split by hand: File.ReadLines also breaks at a lone carriage return.
        string[] lines = DataFiles.GetOrAdd(path, name => File.ReadAllText(name).Split('\n'));
        return text.TryGetProperty("line", out JsonElement line)
            ? JsonDocument.Parse(lines[line.GetInt32()]).RootElement.GetProperty(text.GetProperty("field").GetString()!).GetString()!
            : string.Join('\n', lines.AsSpan(text.GetProperty("first_line").GetInt32(), text.GetProperty("lines").GetInt32()));
    }

    public static string[] Strings(this JsonElement list) => [.. list.EnumerateArray().Select(Text)];

    public static double[] Doubles(this JsonElement list) => [.. list.EnumerateArray().Select(item => item.GetDouble())];

    public static bool IsError(this JsonElement value) => value.ValueKind == JsonValueKind.Object && value.TryGetProperty("error", out _);

    public static void Near(double expected, double found, string what) =>
        Assert.True(Math.Abs(expected - found) <= Tolerance, $"{what}: {found:r}, expected {expected:r}");

    public static void Near(IReadOnlyList<double> expected, IReadOnlyList<double> found, string what)
    {
        Assert.Equal(expected.Count, found.Count);
        for (int i = 0; i < expected.Count; i++)
            Near(expected[i], found[i], $"{what}[{i}]");
    }
}
