// Lab 2 of the course, its first half: full fine-tuning of a model for the summary of dialogues, measured before and after.
// What the lab itself got wrong is put right:
//  - the padding of the answers is no label (-100), and padding is masked where it is read;
//  - training is epochs over the examples, not one step after which a finished model is downloaded;
//  - there is no dropout where answers are measured: the lab left its model in training mode;
//  - the original's answers are written before training begins: later, the lab asked a model that had changed under its hands.
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Lab2.FineTuning;
using Spectre.Console;
using TorchSharp;

const int ShownExamples = 3;

Console.OutputEncoding = Encoding.UTF8;
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
using CancellationTokenSource stop = new();
Console.CancelKeyPress += (_, key) =>
{
    key.Cancel = true;
    stop.Cancel();
};
try
{
    Run(Settings.Parse(args), stop.Token);
    return 0;
}
catch (FormatException error)
{
    Console.Error.WriteLine($"{error.Message}\n\n{Settings.Usage}");
    return 2;
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine("Stopped.");
    return 130;
}
catch (Exception error) when (error is LlmException or ArgumentException or InvalidOperationException or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}

static void Run(Settings settings, CancellationToken stop)
{
    Stopwatch clock = Stopwatch.StartNew();
    if (settings.Threads is { } threads)
        torch.set_num_threads(threads);
    using Llm llm = settings.Model is { } name ? LoadingDisplay.Load(name) : SmallModel.Create(settings.Seed);
    long parameters = llm.Model.ParameterCount, withoutModel = TrainingMemory.Now() - (parameters * sizeof(float));
    AnsiConsole.WriteLine($"{settings.Model ?? "A small Llama with random weights"}: {parameters:N0} weights.");
    if (settings.Model is null)
        Read(llm, settings, stop);

    Heading("The data: prompts, completions, labels");
    LabData data = settings.Model is null ? LabData.MadeUp(settings) : LabData.FromFiles(settings, llm);
    AnsiConsole.WriteLine(data.Origin);
    BatchOptions batches = new() { Size = settings.Batch, MaxLength = settings.MaxLength, Truncation = Truncation.Refuse, GroupByLength = true };
    AnsiConsole.Write(LabelTable.Of(llm, data.Train, batches));
    AnsiConsole.WriteLine("The loss counts the answer and the token that ends it, nothing else: -100 means no label.");

    Heading("The model as it is");
    IReadOnlyList<string> original = Answers.Of("original", llm, data.Test, settings.MaxNewTokens, settings.Batch, stop);
    double lossBefore = HeldOutLoss.Of(llm, data.Test, batches, stop);
    AnsiConsole.WriteLine($"Loss on the test: {lossBefore:0.000} nats a label. As the lab counted, padding to {settings.MaxLength} tokens labelled and unmasked, "
        + $"two of its rows would come to {HeldOutLoss.AsInTheLab(llm, [.. data.Test.Take(2)], settings.MaxLength):0.000}.");

    Heading("Full fine-tuning");
    TrainingOptions options = new()
    {
        LearningRate = settings.LearningRate,
        Schedule = Schedule.Linear(StepSpan.Share(0.1)),
        Optimizer = new AdamWOptions { WeightDecay = 0.01 },
        Epochs = settings.Epochs,
        Batches = batches,
        Seed = settings.Seed,
    };
    (TrainingResult result, long peak) = TrainingMemory.Watch(() => TrainingDisplay.Show(progress => llm.FineTune(data.Train, options, progress, stop)));
    double lossAfter = HeldOutLoss.Of(llm, data.Test, batches, stop);
    AnsiConsole.WriteLine($"{result.Data}.");
    AnsiConsole.WriteLine($"{result.Steps:N0} steps, {result.Tokens:N0} tokens in {result.Elapsed.TotalSeconds:0} s: {result.Tokens / result.Elapsed.TotalSeconds:N0} tokens/s. "
        + $"Loss on the test: {lossBefore:0.000} before, {lossAfter:0.000} after.");
    AnsiConsole.Write(new TrainingMemory(parameters, withoutModel, peak).Table());
    AnsiConsole.WriteLine("The course says 12 to 20 times the model. What is certain in fp32 with AdamW is 4 times, 16 bytes a weight; the rest "
        + "grows with the batch and its length, not with the weights, so a small model pays the most for it.");

    Heading("The tuned model");
    IReadOnlyList<string> tuned = Answers.Of("tuned", llm, data.Test, settings.MaxNewTokens, settings.Batch, stop);
    for (int i = 0; i < Math.Min(ShownExamples, data.Test.Count); i++)
        ShowSideBySide(data.Test[i], original[i], tuned[i]);

    Heading($"ROUGE on {data.Test.Count} dialogues, 95 % intervals");
    SummaryScores scores = new(data.Test, original, tuned, settings.Model is null ? ("facts right", Meeting.FactsRight) : null);
    AnsiConsole.Write(scores.Table());
    if (settings.Model is null)
        AnsiConsole.WriteLine("There are three ways to put a summary, and nobody can know which one the person took: no model comes near 1. Which facts are right does not depend on that.");

    Heading("What is left");
    Save(llm, settings, data.Test[0], tuned[0]);
    scores.Report($"Full fine-tuning, {data.Test.Count} dialogues").Save(Path.Combine(settings.Output, "rouge.md"));
    CurvePicture.Save(Path.Combine(settings.Output, "curves.png"), result, (lossBefore, lossAfter), scores);
    AnsiConsole.WriteLine($"The scores and the curves: {Path.Combine(settings.Output, "rouge.md")}, {Path.Combine(settings.Output, "curves.png")}\nAll of it took {clock.Elapsed.TotalSeconds:0} s.");
}

// The first stage: a model that knows the language of the dialogues, and answers questions about them, as FLAN-T5 did.
static void Read(Llm llm, Settings settings, CancellationToken stop)
{
    Heading($"Before the lab: the model reads {SmallModel.Meetings:N0} conversations, parts of others first, and questions with answers");
    TrainingResult result = TrainingDisplay.Show(progress => SmallModel.Read(llm, settings.Seed, progress, stop));
    AnsiConsole.WriteLine($"{result.Tokens:N0} tokens in {result.Elapsed.TotalSeconds:0} s.");
    Random random = new(settings.Seed + 2);
    Example[] questions = [.. Enumerable.Range(0, 20).Select(_ => Meeting.Draw(random)).SelectMany(meeting => Meeting.Tasks.Select(meeting.Asking))];
    IReadOnlyList<string> answers = Answers.Of("questions", llm, questions, 12, 20, stop);
    AnsiConsole.WriteLine($"It answers {answers.Zip(questions).Sum(pair => Meeting.IsRight(pair.First, pair.Second.Completion))} of {questions.Length} questions right. Nobody has asked it for a summary so far.");
}

static void ShowSideBySide(Example example, string original, string tuned)
{
    string dialogue = example.Messages.Count > 0 ? example.Messages[^2].Content : example.Prompt;
    Table table = new Table().Border(TableBorder.Horizontal).HideHeaders().AddColumn(new TableColumn("").Width(10)).AddColumn("").ShowRowSeparators();
    table.AddRow(new Text("prompt"), new Text(dialogue.Trim()));
    table.AddRow(new Text("a person"), new Text(example.References[0], new Style(Color.Green)));
    table.AddRow(new Text("original"), new Text(original));
    table.AddRow(new Text("tuned"), new Text(tuned));
    AnsiConsole.Write(table);
}

// Saved, loaded again, and asked again: the answer must be the same.
static void Save(Llm llm, Settings settings, Example example, string answer)
{
    string folder = Path.Combine(settings.Output, "tuned");
    llm.Save(folder);
    using Llm loaded = Llm.Load(folder);
    GenerationOptions greedy = new() { Temperature = 0, MaxNewTokens = settings.MaxNewTokens };
    string again = loaded.GenerateFromIds([Answers.Prompt(loaded, example)], greedy)[0].Text.Trim();
    AnsiConsole.WriteLine($"The tuned model: {folder}; loaded again it gives {(again == answer ? "the same answer" : $"another answer: {again}")}.");
}

static void Heading(string text)
{
    AnsiConsole.WriteLine();
    AnsiConsole.Write(new Rule(Markup.Escape(text)).LeftJustified());
}
