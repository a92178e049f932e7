namespace Lab1.DialogueSummarisation;

/// <summary>
/// Dialogues with summaries from a file of rows (JSON Lines, CSV, Parquet). Of the columns only "dialogue" and "summary" count.
/// DialogSum's own test file has "summary1" to "summary3" instead: three rows, as in its edition on the Hugging Face hub, so that
/// row numbers mean the same.
/// </summary>
internal static class DialogueFile
{
    private static readonly string[] Summaries = ["summary", "summary1", "summary2", "summary3"];

    /// <exception cref="DataException">The file is no such file; the message names the place.</exception>
    public static IReadOnlyList<Dialogue> Read(string path) => [.. Examples.FromFile(path).SelectMany(Dialogues)];

    private static IEnumerable<Dialogue> Dialogues(DataRecord row) => Summaries.Where(row.Fields.ContainsKey).DefaultIfEmpty(Summaries[0])
        .Select(summary => new Dialogue(row.Get<string>("dialogue"), row.Get<string>(summary)));
}
