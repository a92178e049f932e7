namespace LlmCourse.Evaluation;

/// <summary>What a model scored on the tasks of a suite, at one time.</summary>
public sealed class SuiteScores
{
    internal SuiteScores(IReadOnlyList<(string Task, MetricScores Scores)> tasks) => Tasks = tasks;

    /// <summary>Every figure of every task, in order.</summary>
    public IReadOnlyList<(string Task, MetricScores Scores)> Tasks { get; }

    /// <summary>What changed from these scores to later ones of the same suite.</summary>
    /// <param name="after">The later ones.</param>
    /// <param name="title">What happened between them.</param>
    /// <param name="options">How intervals are drawn; null for a thousand samples and 95 %.</param>
    /// <exception cref="ArgumentException">The suites differ.</exception>
    public ForgettingReport ChangesTo(SuiteScores after, string title, BootstrapOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(after);
        if (!after.Tasks.Select(task => task.Task).SequenceEqual(Tasks.Select(task => task.Task)))
            throw new ArgumentException("The scores are of another suite.", nameof(after));
        return new ForgettingReport(title, Tasks.Zip(after.Tasks, (one, other) => new TaskChange(one.Task, one.Scores.CompareWith(other.Scores, options), one.Scores.LowerIsBetter)));
    }
}
