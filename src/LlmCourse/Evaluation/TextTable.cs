using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using LlmCourse.Checkpoints;

namespace LlmCourse.Evaluation;

/// <summary>Rows of cells as plain text and as Markdown; the first row is the head.</summary>
internal static class TextTable
{
    private static readonly JsonSerializerOptions JsonOptions = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public static string Plain(string title, IReadOnlyList<string[]> rows)
    {
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => OneLine(row[column]).Length))];
        StringBuilder text = new();
        text.Append(title).Append('\n');
        foreach (string[] row in rows)
            text.Append(string.Join("  ", row.Select((cell, column) => OneLine(cell).PadRight(widths[column]))).TrimEnd()).Append('\n');
        return text.ToString();
    }

    public static string Markdown(string title, IReadOnlyList<string[]> rows)
    {
        StringBuilder text = new();
        text.Append("## ").Append(OneLine(title)).Append("\n\n").Append(Row(rows[0]));
        text.Append(Row([.. rows[0].Select(_ => "---")]));
        foreach (string[] row in rows.Skip(1))
            text.Append(Row(row));
        return text.ToString();

        static string Row(string[] cells) => $"| {string.Join(" | ", cells.Select(cell => OneLine(cell).Replace("|", "\\|", StringComparison.Ordinal)))} |\n";
    }

    /// <summary>Numbers that are none, such as an infinite perplexity, become texts: "Infinity".</summary>
    public static string Json(object content) => JsonSerializer.Serialize(content, JsonOptions);

    /// <summary>Writes what the file's name asks for, whole or not at all.</summary>
    public static void Save(string path, Func<string> plain, Func<string> markdown, Func<string> json)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string content = Path.GetExtension(path).ToUpperInvariant() switch
        {
            ".MD" => markdown(),
            ".JSON" => json(),
            ".TXT" => plain(),
            _ => throw new ArgumentException($"A report is written to a file that ends in .md, .json or .txt, not to '{path}'.", nameof(path)),
        };
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(content)));
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
