// Lab 2 of the course, its first half: full fine-tuning of a model for the summary of dialogues, measured before and after.
// What the lab itself got wrong is put right:
//  - the padding of the answers is no label (-100), and padding is masked where it is read;
//  - training is epochs over the examples, not one step after which a finished model is downloaded;
//  - there is no dropout where answers are measured: the lab left its model in training mode;
//  - the original's answers are written before training begins: later, the lab asked a model that had changed under its hands.
using System.Diagnostics;
using Lab2.FineTuning;
using Spectre.Console;

const int ShownExamples = 3;

return Sample.Run(args, Settings.Usage, given => new Settings(given), Run);

static void Run(Settings settings, CancellationToken stop)
{
    Stopwatch clock = Stopwatch.StartNew();
    using Llm llm = settings.Model is { } name ? LoadingDisplay.Load(name) : SmallModel.Create(settings.Seed);
    long parameters = llm.Model.ParameterCount, withoutModel = TrainingMemory.Now() - (parameters * sizeof(float));
    AnsiConsole.WriteLine($"{settings.Model ?? "A small Llama with random weights"}: {parameters:N0} weights.");
    if (settings.Model is null)
        Read(llm, settings, stop);

    Sample.Heading("The data: prompts, completions, labels");
    LabData data = settings.Model is null ? LabData.MadeUp(settings) : LabData.FromFiles(settings, llm);
    AnsiConsole.WriteLine(data.Origin);
    BatchOptions batches = new() { Size = settings.Batch, MaxLength = settings.MaxLength, Truncation = Truncation.Refuse, GroupByLength = true };
    AnsiConsole.Write(LabelTable.Of(llm, data.Train, batches));
    AnsiConsole.WriteLine("The loss counts the answer and the token that ends it, nothing else: -100 means no label.");

    Sample.Heading("The model as it is");
    EvaluationResult original = Examine("original");
    double lossBefore = HeldOutLoss.Of(llm, data.Test, batches, stop);
    AnsiConsole.WriteLine($"Loss on the test: {lossBefore:0.000} nats a label. As the lab counted, padding to {settings.MaxLength} tokens labelled and unmasked, "
        + $"two of its rows would come to {HeldOutLoss.AsInTheLab(llm, [.. data.Test.Take(2)], settings.MaxLength):0.000}.");

    Sample.Heading("Full fine-tuning");
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

    Sample.Heading("The tuned model");
    EvaluationResult tuned = Examine("tuned");
    for (int i = 0; i < Math.Min(ShownExamples, data.Test.Count); i++)
        ShowSideBySide(data.Test[i], original.Predictions[i], tuned.Predictions[i]);

    Sample.Heading("Scores, 95 % intervals: a difference of 0.01 is a point, as the lab counts");
    Console.WriteLine(original.CompareWith(tuned));
    if (settings.Model is null)
        AnsiConsole.WriteLine("There are three ways to put a summary, and nobody can know which one the person took: no model comes near 1. Which facts are right does not depend on that.");

    Sample.Heading("What is left");
    Save(llm, settings.Output, tuned, Answers(settings));
    original.CompareWith(tuned).Save(Path.Combine(settings.Output, "rouge.md"));
    CurvePicture.Save(Path.Combine(settings.Output, "curves.png"), result, (lossBefore, lossAfter), original, tuned);
    AnsiConsole.WriteLine($"The scores and the curves: {Path.Combine(settings.Output, "rouge.md")}, {Path.Combine(settings.Output, "curves.png")}\nAll of it took {clock.Elapsed.TotalSeconds:0} s.");

    EvaluationResult Examine(string name)
    {
        Metric rouge = Metrics.RougeWith(new() { UseStemmer = true, AverageReferences = true }); // as in the lab
        EvaluationOptions how = Answers(settings) with { System = name, Title = $"F1 on {data.Test.Count} dialogues" };
        return WorkDisplay.Show(name, progress => llm.Evaluate(data.Test, settings.Model is null ? [rouge, Meeting.FactsRight] : [rouge], how, progress, stop));
    }
}

// The first stage: a model that knows the language of the dialogues, and answers questions about them, as FLAN-T5 did.
static void Read(Llm llm, Settings settings, CancellationToken stop)
{
    Sample.Heading($"Before the lab: the model reads {SmallModel.Meetings:N0} conversations, parts of others first, and questions with answers");
    TrainingResult result = TrainingDisplay.Show(progress => SmallModel.Read(llm, settings.Seed, progress, stop));
    AnsiConsole.WriteLine($"{result.Tokens:N0} tokens in {result.Elapsed.TotalSeconds:0} s.");
    Random random = new(settings.Seed + 2);
    Example[] questions = [.. Enumerable.Range(0, 20).Select(_ => Meeting.Draw(random)).SelectMany(meeting => Meeting.Tasks.Select(meeting.Asking))];
    EvaluationOptions how = new() { Generation = new() { DoSample = false, MaxNewTokens = 12 }, BatchSize = 20 };
    MetricScores right = llm.Evaluate(questions, [Meeting.RightAnswer], how, cancellationToken: stop).Scores[0];
    AnsiConsole.WriteLine($"It answers {right.Examples.Sum()} of {questions.Length} questions right. Nobody has asked it for a summary so far.");
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
static void Save(Llm llm, string output, EvaluationResult tuned, EvaluationOptions how)
{
    string folder = Path.Combine(output, "tuned");
    llm.Save(folder);
    using Llm loaded = Llm.Load(folder);
    string again = loaded.Evaluate(tuned.Examples, [], how with { MaxExamples = 1 }).Predictions[0];
    AnsiConsole.WriteLine($"The tuned model: {folder}; loaded again it gives {(again == tuned.Predictions[0] ? "the same answer" : $"another answer: {again}")}.");
}

// Nothing here can leave dropout on: a model has no training mode, only a training run has dropout.
static EvaluationOptions Answers(Settings settings) =>
    new() { Generation = new() { DoSample = false, MaxNewTokens = settings.MaxNewTokens }, BatchSize = settings.Batch };
