using Spectre.Console;

namespace Lab2.FineTuning;

/// <summary>Two tasks on one model: an adapter for each, switched between answers.</summary>
internal static class LiveSwitching
{
    private const int ShownExamples = 2;

    /// <summary>Trains the second task's adapter and switches.</summary>
    /// <param name="lab">The model, whose weights are still the original's.</param>
    /// <param name="technique">Of the second adapter.</param>
    /// <param name="first">The first task's adapter.</param>
    /// <param name="other">The second task.</param>
    public static void Run(Lab lab, Technique technique, string first, OtherTask other)
    {
        Llm llm = lab.Llm;
        Sample.Heading($"A second task on the same model: {other.Name}");
        Llm second = technique.Of(llm, other.Name, lab.Settings);
        lab.Train(second, technique, [.. other.Train.Take(other.Train.Count / 2)]);
        EvaluationResult before = Examine(llm, "original"), after = Examine(second, other.Name);
        Console.WriteLine(before.CompareWith(after));

        Sample.Heading("Switched live");
        for (int i = 0; i < ShownExamples; i++)
        {
            Table table = new Table().Border(TableBorder.Horizontal).HideHeaders().AddColumn(new TableColumn("").Width(10)).AddColumn("").ShowRowSeparators();
            Answer(lab.Data.Test[i], first);
            Answer(other.Test[i], other.Name);
            Answer(lab.Data.Test[i]);
            Answer(lab.Data.Test[i], first);
            AnsiConsole.Write(table);

            void Answer(Example example, params string[] adapters) =>
                table.AddRow(new Text(adapters.Length > 0 ? adapters[0] : "none"), new Text(Texts(llm.With(adapters), example)[0]));
        }

        Example[] asked = [lab.Data.Test[0], other.Test[0], lab.Data.Test[0]];
        string?[] rows = [first, other.Name, null];
        string[] together = Texts(llm.WithRows(rows), asked);
        int same = Enumerable.Range(0, rows.Length).Count(row => Texts(rows[row] is { } adapter ? llm.With(adapter) : llm, asked[row])[0] == together[row]);
        AnsiConsole.WriteLine($"Three rows of one batch, with the one, the other and no adapter: {same} of {rows.Length} answers are the same as alone. A switch takes {SwitchTime.Median(llm, first).TotalMicroseconds:0.0} µs.");

        EvaluationResult Examine(Llm view, string name) =>
            WorkDisplay.Show($"{other.Name}: {name}", progress => view.Evaluate(other.Test, [other.Metric], lab.Answering with { System = name }, progress, lab.Stop));

        string[] Texts(Llm view, params Example[] examples) =>
            [.. view.GenerateFromIds([.. examples.Select(example => Lab.PromptOf(llm, example))], lab.Answering.Generation, lab.Stop).Select(answer => answer.Text.Trim())];
    }
}
