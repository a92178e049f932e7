using System.Text.Json;
using System.Text.RegularExpressions;
using LlmCourse.Data;

namespace LlmCourse.Conformance;

/// <summary>
/// Real data: Parquet files have the same values as the JSON Lines they were made from (<c>data/parquet/README.json</c> says
/// which), and every file of rows under <c>data</c> is read to its end without a malformed row.
/// </summary>
[Trait("Kind", "Data")]
public sealed partial class DataTests
{
    private static readonly string[] Endings = [".jsonl", ".json", ".csv", ".tsv", ".parquet", ".txt", ".jsonl.gz", ".json.gz", ".csv.gz", ".tsv.gz"];

    public static TheoryData<string> ParquetFiles() => Files(folder => Description(folder) is { } description
        ? description.EnumerateObject().Select(file => Path.Combine("parquet", file.Name)).Where(file => File.Exists(Path.Combine(folder, file)))
        : []);

    public static TheoryData<string> AllFiles() => Files(folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        .Where(file => Endings.Any(ending => file.EndsWith(ending, StringComparison.OrdinalIgnoreCase)) && !Path.GetFileName(file).StartsWith("README", StringComparison.Ordinal))
        .Select(file => Path.GetRelativePath(folder, file)));

    [SkippableTheory]
    [MemberData(nameof(ParquetFiles))]
    public void Parquet_has_the_values_of_its_source(string file)
    {
        string folder = Folder(file);
        JsonElement description = Description(folder)!.Value;
        JsonElement said = description.GetProperty(Path.GetFileName(file));
        DataRecord[] rows = [.. Examples.FromParquet(Path.Combine(folder, file))];
        Assert.Equal(said.GetProperty("rows").GetInt32(), rows.Length);
        if (said.TryGetProperty("columns", out JsonElement columns))
            Assert.All(rows, row => Assert.Equal(columns.EnumerateArray().Select(column => column.GetString()), row.Fields.Keys));

        // "its first 100 rows" goes on about the source that was named before.
        string? source = description.EnumerateObject().TakeWhile(entry => entry.Name != Path.GetFileName(file)).Select(entry => entry.Value).Append(said)
            .Select(entry => JsonLinesName().Match(entry.GetProperty("source").GetString()!)).LastOrDefault(match => match.Success)?.Value;
        Skip.If(source is null || !File.Exists(Path.Combine(folder, source)), $"its source is not here: {said.GetProperty("source")}");
        int compared = 0;
        foreach ((DataRecord row, string line) in rows.Zip(File.ReadLines(Path.Combine(folder, source!))))
        {
            using JsonDocument original = JsonDocument.Parse(line);
            string[] texts = [.. original.RootElement.EnumerateObject().Select(property => property.Value.GetString()!)];
            foreach ((string name, object? value) in row.Fields)
            {
                if (original.RootElement.TryGetProperty(name, out JsonElement same))
                    Assert.Equal(same.GetString(), value);
                foreach (string text in Texts(value))
                {
                    Assert.Contains(texts, part => text.EndsWith(part, StringComparison.Ordinal));
                    compared++;
                }
            }
        }

        Assert.True(compared >= 2 * rows.Length, $"only {compared} texts were compared");
    }

    [SkippableTheory]
    [MemberData(nameof(AllFiles))]
    public void Every_file_is_read_to_its_end(string file)
    {
        string path = Path.Combine(Folder(file), file);
        Records records = Examples.FromFile(path, new() { MalformedRows = MalformedRows.LeaveOut });
        long rows = records.LongCount();
        Assert.Equal(0, records.LeftOut);
        if (file.EndsWith(".jsonl", StringComparison.Ordinal) || file.EndsWith(".txt", StringComparison.Ordinal))
            Assert.Equal(File.ReadLines(path).LongCount(line => !string.IsNullOrWhiteSpace(line)), rows);
        if (file.EndsWith(".json", StringComparison.Ordinal))
            Assert.Equal(Shared.Json(path).GetArrayLength(), rows);
        if (file.EndsWith(".tsv", StringComparison.Ordinal))
            Assert.Equal(File.ReadLines(path).LongCount(line => line.Length > 0) - 1, rows); // the first line is taken for a header
    }

    /// <summary>All texts in a value, roles apart.</summary>
    private static IEnumerable<string> Texts(object? value) => value switch
    {
        string text => [text],
        IReadOnlyList<object?> list => list.SelectMany(Texts),
        IReadOnlyDictionary<string, object?> parts => parts.Where(part => part.Key != "role").SelectMany(part => Texts(part.Value)),
        _ => [],
    };

    private static JsonElement? Description(string folder) =>
        File.Exists(Path.Combine(folder, "parquet", "README.json")) ? Shared.Json(folder, "parquet", "README.json") : null;

    private static TheoryData<string> Files(Func<string, IEnumerable<string>> find)
    {
        string folder = Path.Combine(Shared.Folder ?? "", "data");
        TheoryData<string> cases = [];
        if (Shared.Folder is not null && Directory.Exists(folder))
            cases.AddRange([.. find(folder).Order(StringComparer.Ordinal)]);
        if (cases.Count == 0)
            cases.Add(Cases.None);
        return cases;
    }

    private static string Folder(string file)
    {
        Skip.If(Shared.Folder is null, "no folder of data: set LLMCOURSE_SHARED, or put ../shared beside the repository");
        Skip.If(Cases.IsNone(file), $"{Shared.Folder} has no such data");
        return Path.Combine(Shared.Folder!, "data");
    }

    [GeneratedRegex(@"\S+\.jsonl")]
    private static partial Regex JsonLinesName();
}
