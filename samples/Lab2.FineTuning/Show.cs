using Spectre.Console;

namespace Lab2.FineTuning;

/// <summary>What stands side by side.</summary>
internal static class Show
{
    /// <summary>The words that virtual tokens are close to; far from all of them is a finding, too.</summary>
    public static void Closest(Llm llm, string adapter, string picture)
    {
        IReadOnlyList<IReadOnlyList<NearestToken>> closest = llm.Adapters.NearestTokens(adapter, count: 3);
        Sample.Heading("What the virtual tokens are close to, with the cosine");
        Table table = new Table().Border(TableBorder.Simple).AddColumns("virtual token", "closest", "", "");
        foreach ((int index, IReadOnlyList<NearestToken> nearest) in closest.Index())
            table.AddRow([new Text($"{index + 1}"), .. nearest.Select(token => new Text($"{(token.Text ?? $"{token.Id}").Replace("\n", "\\n")} {token.Score:0.00}"))]);
        AnsiConsole.Write(table);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(picture))!);
        ClosenessPicture.Save(picture, closest);
        AnsiConsole.WriteLine($"As a picture: {picture}");
    }

    /// <summary>The first examples with what people and models made of them.</summary>
    public static void SideBySide(IEnumerable<Example> examples, params IReadOnlyList<EvaluationResult> systems)
    {
        foreach ((int index, Example example) in examples.Index())
        {
            string dialogue = example.Messages.Count > 0 ? example.Messages[^2].Content : example.Prompt;
            Table table = new Table().Border(TableBorder.Horizontal).HideHeaders().AddColumn(new TableColumn("").Width(10)).AddColumn("").ShowRowSeparators();
            table.AddRow(new Text("prompt"), new Text(dialogue.Trim()));
            table.AddRow(new Text("a person"), new Text(example.References[0], new Style(Color.Green)));
            foreach (EvaluationResult system in systems)
                table.AddRow(new Text(system.System), new Text(system.Predictions[index]));
            AnsiConsole.Write(table);
        }
    }
}
