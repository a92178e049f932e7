namespace LlmCourse.Evaluation;

/// <summary>
/// Tasks that are measured before and after training, to see what was forgotten:
/// <code>
/// var suite = new ForgettingSuite(EvaluationTask.Answers("reviews", reviews, Metrics.ExactMatch), EvaluationTask.Perplexity("English", texts));
/// SuiteScores before = llm.Measure(suite);
/// llm.FineTune(summaries);
/// Console.WriteLine(before.ChangesTo(llm.Measure(suite), "after 1,000 summaries"));
/// </code>
/// </summary>
public sealed class ForgettingSuite
{
    /// <summary>Takes the tasks.</summary>
    /// <param name="tasks">At least one; each name once.</param>
    /// <exception cref="ArgumentException">There are no tasks, or two have the same name.</exception>
    public ForgettingSuite(params IReadOnlyList<EvaluationTask> tasks)
    {
        ArgumentNullException.ThrowIfNull(tasks);
        if (tasks.Count == 0)
            throw new ArgumentException("There are no tasks.", nameof(tasks));
        Inputs.RequireNoNull(tasks, nameof(tasks));
        if (tasks.GroupBy(task => task.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new ArgumentException($"The task '{twice.Key}' is there twice.", nameof(tasks));
        Tasks = [.. tasks];
    }

    /// <summary>The tasks, in order.</summary>
    public IReadOnlyList<EvaluationTask> Tasks { get; }
}
