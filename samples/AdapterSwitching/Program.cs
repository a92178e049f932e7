// One model and three LoRA adapters, each of which makes something else of a conversation: a summary, a note, a message. The
// prompt is the same for all; which adapter reads it decides. Rows of one batch may have different ones, or none.
using System.Diagnostics;
using AdapterSwitching;
using Spectre.Console;

const int ShownConversations = 2;

return Sample.Run(args, Settings.Usage, given => new Settings(given), Run);

static void Run(Settings settings, CancellationToken stop)
{
    Stopwatch clock = Stopwatch.StartNew();
    Directory.CreateDirectory(settings.Output);
    using Llm llm = SmallModel.Reader(settings.Base, settings.Seed, stop);
    AnsiConsole.WriteLine($"The base: {llm.Model.ParameterCount:N0} weights. It goes on with questions and answers behind a conversation; nothing below changes it.");

    // Other draws than those of the reading, which has the seed itself.
    Random random = new(settings.Seed + 1);
    Meeting[] test = [.. Enumerable.Range(0, settings.Test).Select(_ => Meeting.Draw(random))], train = [.. Enumerable.Range(0, settings.Train).Select(_ => Meeting.Draw(random))];
    foreach (string kind in Meeting.Kinds)
        Train(llm, kind, train, settings, stop);

    Stored(llm, settings, test[0]);
    Sample.Heading("One batch, an adapter for each row");
    string?[] kinds = [.. Meeting.Kinds, null];
    string[] prompts = [.. test.Select(meeting => meeting.ToWrite(Meeting.Kinds[0]).Prompt)];
    for (int i = 0; i < Math.Min(ShownConversations, prompts.Length); i++)
        AnsiConsole.Write(Shown(prompts[i], kinds, Answers(llm.WithRows(kinds), [.. kinds.Select(_ => prompts[i])], stop)));

    // Every conversation with every adapter, in one batch; then one adapter after the other.
    string?[] rows = [.. prompts.SelectMany(_ => kinds)];
    Stopwatch watch = Stopwatch.StartNew();
    string[] mixed = Answers(llm.WithRows(rows), [.. prompts.SelectMany(prompt => kinds.Select(_ => prompt))], stop);
    double together = watch.Elapsed.TotalSeconds;
    watch.Restart();
    string[][] alone = [.. kinds.Select(kind => Answers(kind is null ? llm : llm.With(kind), prompts, stop))];
    double apart = watch.Elapsed.TotalSeconds;
    int same = Enumerable.Range(0, rows.Length).Count(row => mixed[row] == alone[row % kinds.Length][row / kinds.Length]);
    AnsiConsole.WriteLine($"{rows.Length} rows in one batch with four kinds of row: {together:0.0} s; one kind after the other: {apart:0.0} s. {same} of {rows.Length} answers are the same.");

    Sample.Heading("What each adapter makes of the tasks");
    List<(string, IEnumerable<MetricScores>)> systems = [];
    foreach (string? kind in kinds.Reverse())
        systems.Add((kind ?? "no adapter", Measured(kind is null ? llm : llm.With(kind), kind ?? "no adapter", test, stop)));
    Table table = new Table().Border(TableBorder.Simple).AddColumns(["adapter", .. Meeting.Kinds]);
    foreach ((string name, IEnumerable<MetricScores> scores) in systems)
        table.AddRow([new Text(name), .. scores.Select(score => new Text(Short(score.Estimate())))]);
    AnsiConsole.Write(table);
    AnsiConsole.WriteLine("ROUGE-L, the adapters in rows and what is wanted in columns. There are three ways to put a summary: no model comes near 1 there.");
    AnsiConsole.WriteLine($"A switch, llm.With(name), takes {SwitchTime.Median(llm, Meeting.Kinds[0]).TotalMicroseconds:0.0} µs.");
    string picture = Path.Combine(settings.Output, "tasks.png");
    TaskPicture.Save(picture, systems);
    AnsiConsole.WriteLine($"Adapters and picture: {settings.Output}, {picture}\nAll of it took {clock.Elapsed.TotalSeconds:0} s.");
}

static void Train(Llm llm, string kind, Meeting[] meetings, Settings settings, CancellationToken stop)
{
    Adapter adapter = llm.Adapters.AddLora(kind, new() { Rank = settings.Rank, Alpha = 2 * settings.Rank, Targets = [LoraOptions.AllLinear], Seed = settings.Seed });
    Sample.Heading($"The adapter '{kind}': {adapter.ParameterCount:N0} numbers beside the base, {(double)adapter.ParameterCount / llm.Model.ParameterCount:P1}");
    TrainingOptions options = new()
    {
        LearningRate = settings.LearningRate,
        Schedule = Schedule.Linear(StepSpan.Share(0.1)),
        Epochs = 2,
        Batches = new() { GroupByLength = true },
        Seed = settings.Seed,
    };
    TrainingDisplay.Show(progress => llm.With(kind).FineTune(meetings.Select(meeting => meeting.ToWrite(kind)), options, progress, stop));
}

// Each is stored by itself, and one is loaded again under another name.
static void Stored(Llm llm, Settings settings, Meeting meeting)
{
    Sample.Heading("Stored");
    string model = Path.Combine(settings.Output, "base");
    llm.Save(model);
    Table table = new Table().Border(TableBorder.Simple).AddColumns("", "MB", "of the model");
    double whole = Size(model);
    table.AddRow("the model", $"{whole:0.000}", $"{1:P0}");
    foreach (string kind in Meeting.Kinds)
    {
        string folder = Path.Combine(settings.Output, kind);
        llm.Adapters.Save(kind, folder);
        table.AddRow(kind, $"{Size(folder):0.000}", $"{Size(folder) / whole:P0}");
    }

    AnsiConsole.Write(table);
    string first = Meeting.Kinds[0];
    llm.Adapters.Load("again", Path.Combine(settings.Output, first));
    string prompt = meeting.ToWrite(first).Prompt;
    bool same = Answers(llm.With(first), [prompt], default)[0] == Answers(llm.With("again"), [prompt], default)[0];
    llm.Adapters.Remove("again");
    AnsiConsole.WriteLine($"'{first}' loaded again gives {(same ? "the same answer" : "another answer")}. The folders are peft's: Python reads them.");

    static double Size(string folder) => new DirectoryInfo(folder).EnumerateFiles().Sum(file => file.Length) / 1e6;
}

static string[] Answers(Llm view, string[] prompts, CancellationToken stop) =>
    [.. view.Generate(prompts, new() { DoSample = false, MaxNewTokens = 50 }, stop).Select(answer => answer.Text.Trim())];

static string Short(Estimate figure) => $"{figure.Value:0.00} [{figure.Low:0.00}, {figure.High:0.00}]";

static Table Shown(string prompt, string?[] kinds, string[] answers)
{
    Table table = new Table().Border(TableBorder.Horizontal).HideHeaders().AddColumn(new TableColumn("").Width(10)).AddColumn("").ShowRowSeparators();
    table.AddRow(new Text("prompt"), new Text(prompt.Trim()));
    foreach ((string? kind, string answer) in kinds.Zip(answers))
        table.AddRow(new Text(kind ?? "none"), new Text(answer));
    return table;
}

static MetricScores[] Measured(Llm view, string name, Meeting[] test, CancellationToken stop)
{
    Metric rougeL = new("ROUGE-L", (answer, references) => Rouge.Score(answer, references[0]).RougeL.F1);
    EvaluationOptions how = new() { Generation = new() { DoSample = false, MaxNewTokens = 50 }, BatchSize = 60 };
    ForgettingSuite suite = new([.. Meeting.Kinds.Select(kind => EvaluationTask.Answers(kind, test.Select(meeting => meeting.ToWrite(kind)), rougeL, how))]);
    return [.. WorkDisplay.Show(name, progress => view.Measure(suite, progress, stop)).Tasks.Select(task => task.Scores)];
}
