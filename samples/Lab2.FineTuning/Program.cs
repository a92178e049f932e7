// Lab 2 of the course: a model is tuned for the summary of dialogues and measured before and after, all of its weights or only
// something beside them (PEFT), and the techniques are compared.
// What the lab itself got wrong is put right:
//  - the padding of the answers is no label (-100), and padding is masked where it is read;
//  - training is epochs over the examples, not one step after which a finished model is downloaded;
//  - there is no dropout where answers are measured: the lab left its model in training mode;
//  - the original's answers are written before training begins: later, the lab asked a model that had changed under its hands.
using System.Diagnostics;
using Lab2.FineTuning;
using Spectre.Console;

return Sample.Run(args, Settings.Usage, given => new Settings(given), Run);

static void Run(Settings settings, CancellationToken stop)
{
    Stopwatch clock = Stopwatch.StartNew();
    using Llm llm = settings.Model is { } name ? LoadingDisplay.Load(name, stop) : SmallModel.Reader(settings.Base, settings.Seed, stop);
    AnsiConsole.WriteLine($"{settings.Model ?? "A small Llama"}: {llm.Model.ParameterCount:N0} weights.");
    if (settings.Model is null)
        AskQuestions(llm, settings, stop);

    Sample.Heading("The data: prompts, completions, labels");
    LabData data = settings.Model is null ? LabData.MadeUp(settings) : LabData.FromFiles(settings, llm);
    AnsiConsole.WriteLine(data.Origin);
    Directory.CreateDirectory(settings.Output);
    Lab lab = new(llm, data, settings, stop);
    if (settings.Technique is { } technique)
        BeforeAndAfter.Run(lab, technique);
    else
        Comparison.Run(lab);
    AnsiConsole.WriteLine($"All of it took {clock.Elapsed.TotalSeconds:0} s.");
}

// The small model knows the language of the dialogues, and answers questions about them, as FLAN-T5 did.
static void AskQuestions(Llm llm, Settings settings, CancellationToken stop)
{
    Random random = new(settings.Seed + 2);
    Example[] questions = [.. Enumerable.Range(0, 20).Select(_ => Meeting.Draw(random)).SelectMany(meeting => Meeting.Tasks.Select(meeting.Asking))];
    EvaluationOptions how = new() { Generation = new() { DoSample = false, MaxNewTokens = 12 }, BatchSize = 20 };
    MetricScores right = llm.Evaluate(questions, [Meeting.RightAnswer], how, cancellationToken: stop).Scores[0];
    AnsiConsole.WriteLine($"It answers {right.Examples.Sum()} of {questions.Length} questions right. Nobody has asked it for a summary so far.");
}
