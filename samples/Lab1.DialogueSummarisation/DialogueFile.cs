using System.Text;
using System.Text.Json;

namespace Lab1.DialogueSummarisation;

/// <summary>
/// Dialogues with summaries from a JSONL file (one object a line) or a CSV file (with a header line). Of the columns only
/// "dialogue" and "summary" count. DialogSum's own test file has "summary1" to "summary3" instead: three rows, as in its
/// edition on the Hugging Face hub, so that row numbers mean the same.
/// </summary>
internal static class DialogueFile
{
    private static readonly string[] Summaries = ["summary", "summary1", "summary2", "summary3"];

    /// <exception cref="FormatException">The file is no such file; the message names the place.</exception>
    public static IReadOnlyList<Dialogue> Read(string path)
    {
        IEnumerable<Dictionary<string, string>> rows = Path.GetExtension(path).Equals(".csv", StringComparison.OrdinalIgnoreCase)
            ? CsvRows(File.ReadAllText(path), path)
            : JsonRows(File.ReadLines(path), path);
        List<Dialogue> dialogues = [];
        foreach (Dictionary<string, string> row in rows)
        {
            string[] summaries = [.. Summaries.Where(row.ContainsKey).Select(name => row[name])];
            if (!row.TryGetValue("dialogue", out string? text) || summaries.Length == 0)
                throw new FormatException($"{path}: row {dialogues.Count} lacks a dialogue or a summary.");
            dialogues.AddRange(summaries.Select(summary => new Dialogue(text, summary)));
        }

        return dialogues;
    }

    private static IEnumerable<Dictionary<string, string>> JsonRows(IEnumerable<string> lines, string path)
    {
        int number = 0;
        foreach (string line in lines)
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            Dictionary<string, JsonElement>? row;
            try
            {
                row = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(line);
            }
            catch (JsonException error)
            {
                throw new FormatException($"{path}: line {number} is no JSON object: {error.Message}", error);
            }

            yield return row?.Where(entry => entry.Value.ValueKind == JsonValueKind.String).ToDictionary(entry => entry.Key, entry => entry.Value.GetString()!) ?? [];
        }
    }

    private static IEnumerable<Dictionary<string, string>> CsvRows(string text, string path)
    {
        List<List<string>> records = CsvRecords(text, path);
        List<string> header = records.FirstOrDefault() ?? [];
        foreach (List<string> record in records.Skip(1))
        {
            if (record.Count != header.Count)
                throw new FormatException($"{path}: a row has {record.Count} fields, the header has {header.Count}.");
            yield return header.Zip(record).ToDictionary();
        }
    }

    // RFC 4180: a field in quotes may hold commas, line breaks, and quotes written twice.
    private static List<List<string>> CsvRecords(string text, string path)
    {
        List<List<string>> records = [];
        List<string> record = [];
        StringBuilder field = new();
        bool quoted = false;
        for (int i = 0; i < text.Length; i++)
        {
            char at = text[i];
            if (quoted && at == '"' && i + 1 < text.Length && text[i + 1] == '"')
                field.Append(text[i++]);
            else if (at == '"')
                quoted = !quoted;
            else if (quoted || at is not (',' or '\n' or '\r'))
                field.Append(at);
            else if (at != '\r')
                End(at == '\n');
        }

        if (quoted)
            throw new FormatException($"{path}: a quoted field does not end.");
        if (field.Length > 0 || record.Count > 0)
            End(line: true);
        return records;

        void End(bool line)
        {
            record.Add(field.ToString());
            field.Clear();
            if (!line)
                return;
            records.Add(record);
            record = [];
        }
    }
}
