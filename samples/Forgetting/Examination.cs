namespace Forgetting;

/// <summary>The suite: every old task and the new one, the same examples each time.</summary>
internal static class Examination
{
    public const string NewTask = "summary";

    /// <summary>Draws it; the new task comes last.</summary>
    /// <param name="seed">Of the meetings.</param>
    /// <param name="size">Examples of each task.</param>
    public static ForgettingSuite Draw(int seed, int size)
    {
        Random random = new(seed);
        Meeting[] meetings = [.. Enumerable.Range(0, size).Select(_ => Meeting.Draw(random))];
        return new([.. Meeting.Tasks.Select(task => Of(task, meeting => meeting.Asking(task), Meeting.RightAnswer, 12)), Of(NewTask, meeting => meeting.ToSummarise, Meeting.FactsRight, 50)]);

        EvaluationTask Of(string name, Func<Meeting, Example> example, Metric metric, int maxNewTokens) =>
            EvaluationTask.Answers(name, meetings.Select(example), metric, new() { Generation = new() { DoSample = false, MaxNewTokens = maxNewTokens }, BatchSize = 20 });
    }
}
