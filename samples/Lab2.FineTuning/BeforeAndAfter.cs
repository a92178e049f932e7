using Spectre.Console;

namespace Lab2.FineTuning;

/// <summary>One technique, measured before and after.</summary>
internal static class BeforeAndAfter
{
    private const int ShownExamples = 3;

    public static void Run(Lab lab, Technique technique)
    {
        Settings settings = lab.Settings;
        AnsiConsole.Write(LabelTable.Of(lab.Llm, lab.Data.Train, lab.Batches));
        AnsiConsole.WriteLine("The loss counts the answer and the token that ends it, nothing else: -100 means no label.");

        Sample.Heading("The model as it is");
        EvaluationResult original = lab.Examine(lab.Llm, "original");
        double lossBefore = lab.Loss(lab.Llm);
        AnsiConsole.WriteLine($"Loss on the test: {lossBefore:0.000} nats a label. As the lab counted, padding to {settings.MaxLength} tokens labelled and unmasked, "
            + $"two of its rows would come to {HeldOutLoss.AsInTheLab(lab.Llm, [.. lab.Data.Test.Take(2)], settings.MaxLength):0.000}.");

        Sample.Heading(technique.Add is null ? "Full fine-tuning" : $"The model stays as it is; beside it is trained: {technique.Name}");
        Outcome tuned = lab.Tune(technique);
        TrainingResult run = tuned.Run;
        AnsiConsole.WriteLine($"{run.Data}.");
        AnsiConsole.WriteLine($"{tuned.Trained:N0} numbers trained, {(double)tuned.Trained / lab.Llm.Model.ParameterCount:P2} of the model's {lab.Llm.Model.ParameterCount:N0}.");
        AnsiConsole.WriteLine($"{run.Steps:N0} steps, {run.Tokens:N0} tokens in {run.Elapsed.TotalSeconds:0} s: {run.Tokens / run.Elapsed.TotalSeconds:N0} tokens/s. "
            + $"Loss on the test: {lossBefore:0.000} before, {tuned.Loss:0.000} after.");
        AnsiConsole.Write(tuned.Memory.Table());
        AnsiConsole.WriteLine("The course says 12 to 20 times the model. What is certain of full fine-tuning in fp32 with AdamW is 4 times, 16 bytes a weight; the rest "
            + "grows with the batch and its length, not with the weights, so a small model pays the most for it.");

        if (technique.Add is not null && lab.Llm.Adapters[technique.Name].VirtualTokens > 0)
            Show.Closest(lab.Llm, technique.Name, Path.Combine(settings.Output, "closest.png"));

        Sample.Heading("The tuned model");
        Show.SideBySide(lab.Data.Test.Take(ShownExamples), original, tuned.Answers);

        Sample.Heading("Scores, 95 % intervals: a difference of 0.01 is a point, as the lab counts");
        Report scores = original.CompareWith(tuned.Answers);
        Console.WriteLine(scores);
        if (settings.Model is null)
            AnsiConsole.WriteLine("There are three ways to put a summary, and nobody can know which one the person took: no model comes near 1. Which facts are right does not depend on that.");

        Sample.Heading("What is left");
        LoadAgain(lab, technique, tuned);
        string table = Path.Combine(settings.Output, "rouge.md"), picture = Path.Combine(settings.Output, "curves.png");
        scores.Save(table);
        CurvePicture.Save(picture, run, (lossBefore, tuned.Loss), original, tuned.Answers);
        AnsiConsole.WriteLine($"The scores and the curves: {table}, {picture}");
    }

    // What was saved is loaded again and asked again: the answer must be the same.
    private static void LoadAgain(Lab lab, Technique technique, Outcome tuned)
    {
        string folder = lab.FolderOf(technique);
        if (technique.Add is null)
        {
            using Llm loaded = Llm.Load(folder);
            Ask(loaded);
        }
        else
        {
            lab.Llm.Adapters.Load("again", folder);
            Ask(lab.Llm.With("again"));
            lab.Llm.Adapters.Remove("again");
        }

        void Ask(Llm loaded)
        {
            string again = loaded.Evaluate(tuned.Answers.Examples, [], lab.Answering with { MaxExamples = 1 }).Predictions[0];
            AnsiConsole.WriteLine($"Stored, {tuned.FileBytes / 1e6:0.00} MB: {folder}; loaded again it gives {(again == tuned.Answers.Predictions[0] ? "the same answer" : $"another answer: {again}")}.");
        }
    }
}
