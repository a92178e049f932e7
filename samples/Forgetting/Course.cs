namespace Forgetting;

/// <summary>One way to teach the new task.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Examples">What is trained on, in this order.</param>
internal sealed record Course(string Name, IReadOnlyList<Example> Examples)
{
    /// <summary>The new task alone, less of it, with a little of the old data, and with as much of the old data.</summary>
    public static IReadOnlyList<Course> All(Settings settings)
    {
        // Other draws than those of pre-training, which has the seed itself.
        Random random = new(settings.Seed + 1);
        Example[] summaries = [.. Enumerable.Range(0, settings.Train).Select(_ => Meeting.Draw(random).ToSummarise)];
        return
        [
            new("single task", summaries),
            new("a quarter of the steps", summaries[..(settings.Train / 4)]),
            new($"replay of {settings.Replay:P0}", With(settings.Replay)),
            new("multi-task", With(1)),
        ];

        // A mixture in proportion to the sizes, as long as all of it together.
        Example[] With(double share)
        {
            int each = Math.Max((int)Math.Round(share * settings.Train / Meeting.Tasks.Count), 1);
            Dictionary<string, IReadOnlyList<Example>> tasks = Meeting.Tasks.ToDictionary(
                task => task, task => (IReadOnlyList<Example>)[.. Enumerable.Range(0, each).Select(_ => Meeting.Draw(random).Asking(task))]);
            tasks[Examination.NewTask] = summaries;
            return [.. new Mixture(tasks, new() { Seed = settings.Seed }).From().Take(tasks.Values.Sum(examples => examples.Count))];
        }
    }
}
