namespace Shared;

/// <summary>The suite: every old task of the small model, with or without the new one, the same examples each time.</summary>
internal static class Examination
{
    public const string NewTask = "summary";

    /// <summary>Draws it; the new task comes last.</summary>
    /// <param name="seed">Of the meetings.</param>
    /// <param name="size">Examples of each task.</param>
    public static ForgettingSuite Draw(int seed, int size)
    {
        Meeting[] meetings = Meetings(seed, size);
        return new([.. Old(meetings), Of(NewTask, meetings.Select(meeting => meeting.ToSummarise), Meeting.FactsRight, 50)]);
    }

    /// <summary>The old tasks alone.</summary>
    public static ForgettingSuite OldTasks(int seed, int size) => new([.. Old(Meetings(seed, size))]);

    private static Meeting[] Meetings(int seed, int size)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, size).Select(_ => Meeting.Draw(random))];
    }

    private static IEnumerable<EvaluationTask> Old(Meeting[] meetings) =>
        Meeting.Tasks.Select(task => Of(task, meetings.Select(meeting => meeting.Asking(task)), Meeting.RightAnswer, 12));

    private static EvaluationTask Of(string name, IEnumerable<Example> examples, Metric metric, int maxNewTokens) =>
        EvaluationTask.Answers(name, examples, metric, new() { Generation = new() { DoSample = false, MaxNewTokens = maxNewTokens }, BatchSize = 20 });
}
