// Lab 1 of the course: what a prompt, examples in it, and the inference parameters do to the summary of a dialogue.
using System.Diagnostics;
using Lab1.DialogueSummarisation;
using Spectre.Console;

return Sample.Run(args, Settings.Usage, given => new Settings(given), Run);

static void Run(Settings settings, CancellationToken stop)
{
    StartTime time = new();
    time.Mark("runtime");
    IReadOnlyList<Dialogue> data = DialogueFile.Read(settings.Data);
    time.Mark("dialogues");
    if (settings.Score is null && settings.Examples.Concat(settings.Shots).Where(row => row >= data.Count).Select(row => (int?)row).FirstOrDefault() is { } beyond)
        throw new FormatException($"There is no row {beyond}: {settings.Data} has rows 0 to {data.Count - 1}. Choose others with --example and --shots.");

    using Llm llm = LoadingDisplay.Load(settings.Model, stop, new() { Tokenizer = settings.Tokenizer is { } folder ? PretrainedTokenizer.Load(folder) : null });
    time.Mark("model");
    Summariser summariser = new(llm, settings.Raw, settings.Context, stop);
    AnsiConsole.WriteLine($"{settings.Model}: {llm.Model.ParameterCount:N0} weights, room for {summariser.Context:N0} tokens. "
        + (summariser.Chats ? "Prompts go through its chat template (--raw leaves it out)." : "Prompts are given as they are."));

    Stopwatch clock = Stopwatch.StartNew();
    GenerationOptions greedy = new() { Temperature = 0, MaxNewTokens = settings.MaxNewTokens };
    if (settings.Score is { } count)
    {
        Sample.Heading("In-context learning, scored");
        new InContextScores(summariser, new() { Generation = greedy, BatchSize = settings.Batch }, settings.Seed).Run(data, settings.ShotData is { } file ? DialogueFile.Read(file) : data, count);
        AnsiConsole.WriteLine($"It took {clock.Elapsed.TotalSeconds:0} s.");
        return;
    }

    Dialogue target = data[settings.Examples[^1]];
    ZeroShot(summariser, [.. settings.Examples.Select(row => (row, data[row]))], settings.Time ? time.Watch(greedy) : greedy);
    if (settings.Time)
        AnsiConsole.WriteLine(time.ToString());
    FewShots(summariser, [.. settings.Shots.Select(row => data[row]).Where(shot => shot.Text != target.Text)], target, greedy);
    Parameters(summariser, target, greedy, settings.Seed);
    Probabilities(summariser, target);
    AnsiConsole.WriteLine($"\nAll answers took {clock.Elapsed.TotalSeconds:0} s.");
}

static void ZeroShot(Summariser summariser, IReadOnlyList<(int Row, Dialogue Dialogue)> examples, GenerationOptions options)
{
    (string Name, PromptTemplate Template)[] prompts =
    [
        ("no instruction", SummarisationTemplates.DialogueOnly),
        ("\"Summarize ...\"", SummarisationTemplates.Instruction),
        ("FLAN template", SummarisationTemplates.Flan),
    ];
    // One dialogue after the other: the first answers are there while the second dialogue has not been read.
    foreach ((int row, Dialogue dialogue) in examples)
    {
        Sample.Heading($"1. Zero-shot: dialogue {row}");
        AnsiConsole.WriteLine(dialogue.Text.Trim());
        AnsiConsole.WriteLine();
        IReadOnlyList<Completion> answers = Waiting(() => summariser.Answer(prompts.Select(prompt => prompt.Template.Format(("dialogue", dialogue.Text))), options));
        Show("Prompt", dialogue, prompts.Zip(answers, (prompt, answer) => (prompt.Name, answer)));
    }
}

static void FewShots(Summariser summariser, IReadOnlyList<Dialogue> shots, Dialogue target, GenerationOptions options)
{
    Sample.Heading("2. In-context learning: worked examples before the last dialogue");
    FewShot examples = new(SummarisationTemplates.FlanWithSummary, SummarisationTemplates.ShotSeparator);
    foreach (Dialogue shot in shots)
        examples.Add(shot.Text, shot.Summary);

    int budget = summariser.Context - (summariser.HasEncoder ? 0 : options.MaxNewTokens!.Value);
    List<(string, Completion)> rows = [];
    foreach (int count in new[] { 1, shots.Count }.Where(count => count <= shots.Count).Distinct())
    {
        FewShotPrompt prompt = examples.Build([target.Text], new() { Count = count, TokenBudget = budget, CountTokens = summariser.CountTokens });
        Completion answer = Waiting(() => summariser.Answer(prompt.Text, options));
        rows.Add((Name(count == 1 ? "one-shot" : $"few-shot: {prompt.Shots}", answer, prompt.Dropped), answer));
    }

    if (summariser.Chats)
    {
        // What such a model was trained on: each example is a question of the user and an answer of the model.
        int fit = Enumerable.Range(0, shots.Count + 1).Last(count => count == 0 || Turns(count).Length <= budget);
        Completion answer = Waiting(() => summariser.Answer([Turns(fit)], options)[0]);
        rows.Add((Name($"few-shot as turns of a chat: {fit}", answer, shots.Count - fit), answer));
    }

    Show("Examples", target, rows);

    static string Name(string kind, Completion answer, int dropped) =>
        $"{kind}, {answer.PromptTokens} tokens" + (dropped > 0 ? $", {dropped} did not fit" : "");

    int[] Turns(int count) => summariser.Encode(summariser.Ask([.. shots.Take(count)], target.Text));
}

static void Parameters(Summariser summariser, Dialogue target, GenerationOptions greedy, int seed)
{
    Sample.Heading("3. Inference parameters: \"Summarize ...\" again, sampled");
    string prompt = SummarisationTemplates.Instruction.Format(("dialogue", target.Text));
    GenerationOptions sampled = greedy with { Temperature = null, Seed = seed };
    (string Name, GenerationOptions Options)[] settings =
    [
        ("greedy, 10 tokens", greedy with { MaxNewTokens = 10 }),
        ("temperature 0.1", sampled with { Temperature = 0.1 }),
        ("temperature 0.5", sampled with { Temperature = 0.5 }),
        ("temperature 2", sampled with { Temperature = 2 }),
        ("temperature 2, top-k 5", sampled with { Temperature = 2, TopK = 5 }),
        ("top-k 50", sampled with { TopK = 50 }),
        ("top-p 0.9", sampled with { TopP = 0.9 }),
    ];
    Show("Parameters", target, settings.Select(setting => (setting.Name, Waiting(() => summariser.Answer(prompt, setting.Options)))));
}

static void Probabilities(Summariser summariser, Dialogue target)
{
    Sample.Heading("4. How temperature changes the probabilities of the first token");
    string prompt = SummarisationTemplates.Instruction.Format(("dialogue", target.Text));
    Dictionary<double, TokenDistribution> distributions = Waiting(() =>
        new[] { 0.1, 0.5, 1, 2 }.ToDictionary(temperature => temperature, temperature => summariser.NextToken(prompt, temperature)));
    IReadOnlyList<TokenProbability> likely = distributions[1].Top(6);
    foreach ((double temperature, TokenDistribution distribution) in distributions)
    {
        double rest = 1 - likely.Sum(token => distribution[token.TokenId]);
        BarChart chart = new BarChart().Width(70).Label($"temperature {temperature}, per cent").LeftAlignLabel().WithMaxValue(100);
        foreach (TokenProbability token in likely)
            chart.AddItem(Markup.Escape($"\"{token.Text}\""), Math.Round(100 * distribution[token.TokenId], 1), Color.Blue);
        AnsiConsole.Write(chart.AddItem("all others", Math.Round(100 * rest, 1), Color.Grey));
        AnsiConsole.WriteLine();
    }
}

// A sign of life while the model works, where somebody may be watching.
static T Waiting<T>(Func<T> work) => AnsiConsole.Profile.Capabilities.Ansi ? AnsiConsole.Status().Start("The model writes ...", _ => work()) : work();

static void Show(string what, Dialogue dialogue, IEnumerable<(string Name, Completion Answer)> rows)
{
    Table table = new Table().Border(TableBorder.Horizontal).AddColumn(new TableColumn(what).Width(18)).AddColumn("Summary").ShowRowSeparators();
    table.AddRow(new Text("a person"), new Text(dialogue.Summary, new Style(Color.Green)));
    foreach ((string name, Completion answer) in rows)
    {
        string cut = answer.FinishReason is FinishReason.MaxTokens or FinishReason.ContextLength ? " [...]" : "";
        table.AddRow(new Text(name), new Text(answer.Text.Trim() + cut));
    }

    AnsiConsole.Write(table);
}
