using Spectre.Console;

namespace Lab2.FineTuning;

/// <summary>The original, and every technique: what it takes, what it comes to, what it forgets. And two tasks on one model.</summary>
internal static class Comparison
{
    private const int ShownExamples = 2, Questions = 50;

    public static void Run(Lab lab)
    {
        Settings settings = lab.Settings;
        Sample.Heading("The model as it is");
        ForgettingSuite suite = Suite(lab);
        EvaluationResult original = lab.Examine(lab.Llm, "original");
        Report figures = new($"Trained on {lab.Data.Train.Count:N0} dialogues, measured on {lab.Data.Test.Count:N0}");
        figures.Add(LossRow, "original", lab.Loss(lab.Llm));
        AddScores(figures, original);
        List<(string Name, SuiteScores Scores)> old = [("original", Measure(lab.Llm, "original"))];
        SuiteScores? off = null;
        List<Outcome> outcomes = [];

        lab.WarmUp();

        // The weights themselves come last: whatever stands beside them needs them as they were.
        foreach (Technique technique in Technique.Adapters.Append(Technique.Full))
        {
            if (technique.Add is null)
            {
                if (lab.Data.Other is { } other)
                    LiveSwitching.Run(lab, Technique.Adapters[0], Technique.Adapters[0].Name, other);
                off = Measure(lab.Llm, "adapters off");
            }

            Sample.Heading($"Tuning: {technique.Name}");
            Outcome outcome = lab.Tune(technique);
            outcomes.Add(outcome);
            old.Add((technique.Name, Measure(lab.View(technique), technique.Name)));
            Add(figures, outcome, lab.Llm.Model.ParameterCount);
        }

        old.Add(("adapters off", off!));
        Sample.Heading("Side by side");
        Show.SideBySide(lab.Data.Test.Take(ShownExamples), [original, .. outcomes.Select(outcome => outcome.Answers)]);

        Sample.Heading("All together, 95 % intervals");
        Console.WriteLine(figures);
        foreach (Outcome outcome in outcomes.SkipLast(1))
            Console.WriteLine(outcomes[^1].Answers.CompareWith(outcome.Answers));

        Sample.Heading("What the tuned models forget: what the original could do before");
        foreach ((string name, SuiteScores scores) in old.Skip(1))
        {
            ForgettingReport report = old[0].Scores.ChangesTo(scores, name);
            Console.WriteLine(report);
            report.Save(Path.Combine(settings.Output, $"forgetting-{name.Replace(' ', '-')}.md"));
        }

        AnsiConsole.WriteLine("A model that has learnt one task only does that task, whatever it is asked. Full fine-tuning leaves nothing else; an adapter is switched off, "
            + "and the model is the original, to the last bit.");
        if (settings.Model is null)
            AnsiConsole.WriteLine("The memory of training so small a model is that of activations, whatever is trained. A soft prompt steers what a model can do already, and this small one has never read many of a summary's words: --model shows it on a real one.");
        figures.Save(Path.Combine(settings.Output, "comparison.md"));
        ComparisonPicture.Save(Path.Combine(settings.Output, "comparison.png"), [original, .. outcomes.Select(outcome => outcome.Answers)], old);
        AnsiConsole.WriteLine($"Tables, adapters and the picture: {settings.Output}");

        SuiteScores Measure(Llm view, string name) => WorkDisplay.Show($"{name}, old tasks", progress => view.Measure(suite, progress, lab.Stop));
    }

    private const string LossRow = "loss on the test, nats a label (lower is better)";

    private static void Add(Report figures, Outcome outcome, long parameters)
    {
        string name = outcome.Name;
        figures.Add("numbers trained, thousands", name, outcome.Trained / 1e3);
        figures.Add("of the model, %", name, 100.0 * outcome.Trained / parameters);
        figures.Add("training, s", name, outcome.Run.Elapsed.TotalSeconds);
        figures.Add("tokens a second", name, outcome.Run.Tokens / outcome.Run.Elapsed.TotalSeconds);
        figures.Add("memory with the model, MB", name, outcome.Memory.Total / 1e6);
        figures.Add("stored, MB", name, outcome.FileBytes / 1e6);
        figures.Add(LossRow, name, outcome.Loss);
        AddScores(figures, outcome.Answers);
    }

    private static void AddScores(Report figures, EvaluationResult answers)
    {
        foreach (MetricScores scores in answers.Scores)
            figures.Add(scores.Name, answers.System, scores.Estimate());
    }

    // The small model answered questions; of a real one it is asked how well it still reads dialogues, and a text.
    private static ForgettingSuite Suite(Lab lab)
    {
        Settings settings = lab.Settings;
        if (settings.Model is null)
            return Examination.OldTasks(settings.Seed + 2, Questions);
        EvaluationTask dialogues = EvaluationTask.Perplexity("dialogues, perplexity", lab.Data.Test.Select(example => example.Messages.Count > 0 ? example.Messages[^2].Content : example.Prompt));
        return settings.Text is { } text ? new(dialogues, EvaluationTask.Perplexity($"{Path.GetFileName(text)}, perplexity", [File.ReadAllText(text)])) : new(dialogues);
    }
}
