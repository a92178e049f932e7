namespace Forgetting;

/// <summary>The suite: every old task and the new one, the same examples each time.</summary>
internal sealed class Examination(int seed, int size)
{
    public const string NewTask = "summary";

    private const int BatchSize = 20;

    private readonly Example[] _examples = [.. Draw(new Random(seed), size)];

    /// <summary>For each task a figure for each of its examples: whether a question is answered right, which share of the facts a summary has.</summary>
    public IReadOnlyList<(string Task, double[] Scores)> Of(string name, Llm llm, CancellationToken stop)
    {
        IReadOnlyList<string> answers = [.. Part(example => example.Task != NewTask, maxNewTokens: 12), .. Part(example => example.Task == NewTask, maxNewTokens: 50)];
        return [.. _examples.Zip(answers).GroupBy(pair => pair.First.Task!).Select(task => (task.Key, task.Select(Score).ToArray()))];

        IReadOnlyList<string> Part(Func<Example, bool> belongs, int maxNewTokens) =>
            Answers.Of(name, llm, [.. _examples.Where(belongs)], maxNewTokens, BatchSize, stop);
    }

    private static double Score((Example Example, string Answer) pair) => pair.Example.Task == NewTask
        ? Meeting.FactsRight(pair.Answer, pair.Example.Completion)
        : Meeting.IsRight(pair.Answer, pair.Example.Completion);

    // The new task comes last.
    private static IEnumerable<Example> Draw(Random random, int size)
    {
        Meeting[] meetings = [.. Enumerable.Range(0, size).Select(_ => Meeting.Draw(random))];
        return [.. Meeting.Tasks.SelectMany(task => meetings.Select(meeting => meeting.Asking(task))), .. meetings.Select(meeting => meeting.ToSummarise)];
    }
}
