namespace LlmCourse.Evaluation;

/// <summary>
/// What a model forgot while it learnt something else (catastrophic forgetting): a suite of tasks before and after, and which of
/// them lost more than noise. If some did: mix the tasks, replay a share of the old data, train for fewer steps, or train an
/// adapter and leave the model alone.
/// </summary>
/// <remarks>Each task is judged by itself: of twenty unchanged tasks one is expected to leave a 95 % interval by chance. Ask for a higher confidence where the suite is large.</remarks>
public sealed class ForgettingReport
{
    private readonly string _title;

    /// <summary>Takes the measured tasks.</summary>
    /// <param name="title">What was trained, and on what.</param>
    /// <param name="tasks">The tasks; each name once.</param>
    /// <exception cref="ArgumentException">There are no tasks, or two have the same name.</exception>
    public ForgettingReport(string title, IEnumerable<TaskChange> tasks)
    {
        ArgumentNullException.ThrowIfNull(title);
        ArgumentNullException.ThrowIfNull(tasks);
        _title = title;
        Tasks = [.. tasks];
        if (Tasks.Count == 0)
            throw new ArgumentException("There are no tasks.", nameof(tasks));
        if (Tasks.GroupBy(task => task.Task, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new ArgumentException($"The task '{twice.Key}' is there twice.", nameof(tasks));
    }

    /// <summary>Every task, as given.</summary>
    public IReadOnlyList<TaskChange> Tasks { get; }

    /// <summary>The tasks that lost more than noise, those with the largest share of their figure first.</summary>
    public IReadOnlyList<TaskChange> Lost =>
    [
        .. Tasks.Where(task => task.Verdict == TaskVerdict.Lost)
            .OrderByDescending(task => Math.Abs(task.Change.Difference.Value) / Math.Max(Math.Abs(task.Change.Baseline), double.Epsilon)),
    ];

    /// <summary>The tasks as a table of plain text, and a sentence about what was lost.</summary>
    /// <returns>The title, a head, a line for each task, and the sentence.</returns>
    public override string ToString() => TextTable.Plain(_title, Rows()) + Sentence() + "\n";

    /// <summary>The tasks as a Markdown table, and a sentence about what was lost.</summary>
    /// <returns>A heading, the table and the sentence.</returns>
    public string ToMarkdown() => TextTable.Markdown(_title, Rows()) + "\n" + Sentence() + "\n";

    /// <summary>The tasks as JSON, unrounded.</summary>
    /// <returns><c>{"title", "tasks": [{"task", "before", "after", "difference", "low", "high", "pValue", "lowerIsBetter", "verdict"}]}</c></returns>
    public string ToJson() => TextTable.Json(new
    {
        title = _title,
        tasks = Tasks.Select(task => new
        {
            task = task.Task,
            before = task.Change.Baseline,
            after = task.Change.Candidate,
            difference = task.Change.Difference.Value,
            low = task.Change.Difference.Low,
            high = task.Change.Difference.High,
            pValue = task.Change.PValue,
            lowerIsBetter = task.LowerIsBetter,
            verdict = Word(task.Verdict),
        }),
    });

    /// <summary>Writes the report to a file that appears whole or not at all.</summary>
    /// <param name="path">Where to: <c>.md</c>, <c>.json</c> or <c>.txt</c> says in which form.</param>
    /// <exception cref="ArgumentException">The name ends in something else.</exception>
    public void Save(string path) => TextTable.Save(path, ToString, ToMarkdown, ToJson);

    private static string Word(TaskVerdict verdict) => verdict switch
    {
        TaskVerdict.Lost => "lost",
        TaskVerdict.Gained => "gained",
        _ => "unchanged",
    };

    private List<string[]> Rows() =>
    [
        ["task", "before", "after", "difference", "p", "verdict"],
        .. Tasks.Select(task => (string[])
        [
            task.LowerIsBetter ? $"{task.Task} (lower is better)" : task.Task,
            Estimate.Show(task.Change.Baseline),
            Estimate.Show(task.Change.Candidate),
            task.Change.Difference.ToString(),
            Estimate.Show(task.Change.PValue),
            Word(task.Verdict),
        ]),
    ];

    private string Sentence() => Lost is { Count: > 0 } lost
        ? $"Lost more than noise: {string.Join(", ", lost.Select(task => task.Task))}."
        : $"No task of {Tasks.Count} lost more than noise.";
}
