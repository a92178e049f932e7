// Catastrophic forgetting: a model that answers questions about conversations is tuned on 500 to 1,000 examples of another
// task, their summary. It learns the new task; what is left of the old ones? And what do the remedies change: fewer steps, a
// small share of the old data beside the new, all tasks together?
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Forgetting;
using Spectre.Console;
using TorchSharp;

Console.OutputEncoding = Encoding.UTF8;
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
using CancellationTokenSource stop = new();
Console.CancelKeyPress += (_, key) =>
{
    key.Cancel = true;
    stop.Cancel();
};
DirectoryInfo folder = Directory.CreateTempSubdirectory("forgetting");
try
{
    Run(Settings.Parse(args), folder.FullName, stop.Token);
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
finally
{
    folder.Delete(recursive: true);
}

static void Run(Settings settings, string folder, CancellationToken stop)
{
    Stopwatch clock = Stopwatch.StartNew();
    if (settings.Threads is { } threads)
        torch.set_num_threads(threads);
    Examination examination = new(settings.Seed + 2, settings.Questions);
    List<(string Course, IReadOnlyList<(string Task, double[] Scores)> Tasks)> all = [("before", Base(settings, examination, folder, stop))];
    Directory.CreateDirectory(settings.Output);
    foreach (Course course in Course.All(settings))
    {
        Heading($"{course.Name}: {course.Examples.Count:N0} examples, {course.Examples.Count(example => example.Task == Examination.NewTask):N0} of them of the new task");
        // Every course begins with the same model.
        using Llm llm = Llm.Load(folder, cancellationToken: stop);
        TrainingOptions options = new()
        {
            LearningRate = settings.LearningRate,
            Schedule = Schedule.Linear(StepSpan.Share(0.1)),
            Epochs = 2,
            Batches = new() { GroupByLength = true },
            Seed = settings.Seed,
        };
        TrainingDisplay.Show(progress => llm.FineTune(course.Examples, options, progress, stop));
        all.Add((course.Name, examination.Of(course.Name, llm, stop)));
        ForgettingReport report = new(course.Name, all[0].Tasks.Zip(all[^1].Tasks, (before, after) => new TaskChange(before.Task, PairedBootstrap.Compare(before.Scores, after.Scores))));
        Console.WriteLine(report);
        report.Save(Path.Combine(settings.Output, $"{course.Name.Replace(' ', '-').Replace("%", "percent")}.md"));
    }

    Heading("Together");
    Table table = new Table().Border(TableBorder.Simple).AddColumns("", "old tasks, share right", "new task, facts right", "of the old tasks kept");
    double OldTasks(int course) => all[course].Tasks.Where(task => task.Task != Examination.NewTask).Average(task => task.Scores.Average());
    for (int course = 0; course < all.Count; course++)
        table.AddRow(all[course].Course, $"{OldTasks(course):P1}", $"{all[course].Tasks[^1].Scores.Average():P1}", $"{OldTasks(course) / OldTasks(0):P0}");
    AnsiConsole.Write(table);
    string picture = Path.Combine(settings.Output, "forgetting.png");
    ForgettingPicture.Save(picture, all);
    AnsiConsole.WriteLine($"Picture and reports: {picture}, {settings.Output}\nAll of it took {clock.Elapsed.TotalSeconds:0} s.");
}

// A model that has read conversations, and questions about them with their answers.
static IReadOnlyList<(string Task, double[] Scores)> Base(Settings settings, Examination examination, string folder, CancellationToken stop)
{
    using Llm llm = SmallModel.Create(settings.Seed);
    Heading($"A model of {llm.Model.ParameterCount:N0} weights reads {SmallModel.Meetings:N0} conversations");
    TrainingDisplay.Show(progress => SmallModel.Read(llm, settings.Seed, progress, stop));
    llm.Save(folder);
    IReadOnlyList<(string Task, double[] Scores)> tasks = examination.Of("before", llm, stop);
    foreach ((string task, double[] scores) in tasks)
        AnsiConsole.WriteLine($"{task,10}: {Bootstrap.Mean(scores)}");
    return tasks;
}

static void Heading(string text)
{
    AnsiConsole.WriteLine();
    AnsiConsole.Write(new Rule(Markup.Escape(text)).LeftJustified());
}
