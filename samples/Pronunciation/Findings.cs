using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace Pronunciation;

/// <summary>What a run finds: shown as it comes, and kept for a Markdown and a JSON file.</summary>
/// <param name="title">Of the file.</param>
internal sealed class Findings(string title)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly StringBuilder _markdown = new($"# {title}\n");
    private readonly JsonArray _notes = [], _reports = [];

    public void Heading(string text)
    {
        Sample.Heading(text);
        _markdown.Append('\n').Append("**").Append(text).Append("**\n");
    }

    public void Note(string text)
    {
        AnsiConsole.WriteLine(text);
        _markdown.Append('\n').Append(text).Append('\n');
        _notes.Add(text);
    }

    public void Add(Report report) => Add(report.ToString(), report.ToMarkdown(), report.ToJson());

    public void Add(ForgettingReport report) => Add(report.ToString(), report.ToMarkdown(), report.ToJson());

    /// <summary>Writes NAME.md and NAME.json.</summary>
    public void Save(string folder, string name)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, name + ".md"), _markdown.ToString());
        JsonObject all = new() { ["title"] = title, ["notes"] = _notes.DeepClone(), ["reports"] = _reports.DeepClone() };
        File.WriteAllText(Path.Combine(folder, name + ".json"), all.ToJsonString(Indented));
    }

    private void Add(string text, string markdown, string json)
    {
        AnsiConsole.WriteLine();
        Console.WriteLine(text);
        _markdown.Append('\n').Append(markdown);
        _reports.Add(JsonNode.Parse(json));
    }
}
