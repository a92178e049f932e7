// Catastrophic forgetting: a model that answers questions about conversations is tuned on 500 to 1,000 examples of another
// task, their summary. It learns the new task; what is left of the old ones? And what do the remedies change: fewer steps, a
// small share of the old data beside the new, all tasks together?
using System.Diagnostics;
using Forgetting;
using Spectre.Console;

DirectoryInfo folder = Directory.CreateTempSubdirectory("forgetting");
try
{
    return Sample.Run(args, Settings.Usage, given => new Settings(given), (settings, stop) => Run(settings, folder.FullName, stop));
}
finally
{
    folder.Delete(recursive: true);
}

static void Run(Settings settings, string folder, CancellationToken stop)
{
    Stopwatch clock = Stopwatch.StartNew();
    ForgettingSuite suite = Examination.Draw(settings.Seed + 2, settings.Questions);
    List<(string Course, SuiteScores Scores)> all = [("before", Base(settings, suite, folder, stop))];
    Directory.CreateDirectory(settings.Output);
    foreach (Course course in Course.All(settings))
    {
        Sample.Heading($"{course.Name}: {course.Examples.Count:N0} examples, {course.Examples.Count(example => example.Task == Examination.NewTask):N0} of them of the new task");
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
        all.Add((course.Name, WorkDisplay.Show(course.Name, progress => llm.Measure(suite, progress, stop))));
        ForgettingReport report = all[0].Scores.ChangesTo(all[^1].Scores, course.Name);
        Console.WriteLine(report);
        report.Save(Path.Combine(settings.Output, $"{course.Name.Replace(' ', '-').Replace("%", "percent")}.md"));
    }

    Sample.Heading("Together");
    Table table = new Table().Border(TableBorder.Simple).AddColumns("", "old tasks, share right", "new task, facts right", "of the old tasks kept");
    double OldTasks(int course) => all[course].Scores.Tasks.SkipLast(1).Average(task => task.Scores.Value);
    for (int course = 0; course < all.Count; course++)
        table.AddRow(all[course].Course, $"{OldTasks(course):P1}", $"{all[course].Scores.Tasks[^1].Scores.Value:P1}", $"{OldTasks(course) / OldTasks(0):P0}");
    AnsiConsole.Write(table);
    string picture = Path.Combine(settings.Output, "forgetting.png");
    ForgettingPicture.Save(picture, all);
    AnsiConsole.WriteLine($"Picture and reports: {picture}, {settings.Output}\nAll of it took {clock.Elapsed.TotalSeconds:0} s.");
}

// A model that has read conversations, and questions about them with their answers.
static SuiteScores Base(Settings settings, ForgettingSuite suite, string folder, CancellationToken stop)
{
    using Llm llm = SmallModel.Create(settings.Seed);
    Sample.Heading($"A model of {llm.Model.ParameterCount:N0} weights reads {SmallModel.Meetings:N0} conversations");
    TrainingDisplay.Show(progress => SmallModel.Read(llm, settings.Seed, progress, stop));
    llm.Save(folder);
    SuiteScores scores = WorkDisplay.Show("before", progress => llm.Measure(suite, progress, stop));
    foreach ((string task, MetricScores figure) in scores.Tasks)
        AnsiConsole.WriteLine($"{task,10}: {figure.Estimate()}");
    return scores;
}
