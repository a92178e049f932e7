namespace LlmCourse.Evaluation;

/// <summary>A model's answers to multiple-choice questions.</summary>
public sealed class ChoiceEvaluation
{
    private readonly BootstrapOptions _bootstrap;

    internal ChoiceEvaluation(IReadOnlyList<ChoiceQuestion> questions, IReadOnlyList<ChoiceResult> results, BootstrapOptions bootstrap)
    {
        (Questions, Results, _bootstrap) = (questions, results, bootstrap);
        Scores = MetricScores.Mean("accuracy", [.. results.Select((result, i) => result.Best == questions[i].Answer ? 1.0 : 0)]);
    }

    /// <summary>The questions, as given.</summary>
    public IReadOnlyList<ChoiceQuestion> Questions { get; }

    /// <summary>What was chosen for each.</summary>
    public IReadOnlyList<ChoiceResult> Results { get; }

    /// <summary>1 for each right answer, 0 for each wrong one: what two models are compared by.</summary>
    public MetricScores Scores { get; }

    /// <summary>The share of right answers, with its interval.</summary>
    public Estimate Accuracy => Scores.Estimate(_bootstrap);

    /// <summary>The accuracy, and where questions have a subject that of each.</summary>
    /// <param name="title">What was asked; null for the number of questions.</param>
    /// <param name="system">What the column is called.</param>
    public Report Report(string? title = null, string system = "model")
    {
        Report report = new(title ?? FormattableString.Invariant($"{Questions.Count} questions"));
        report.Add("accuracy", system, Accuracy);
        foreach (IGrouping<string, double> subject in Questions.Zip(Scores.Examples).Where(pair => pair.First.Subject is not null).GroupBy(pair => pair.First.Subject!, pair => pair.Second))
            report.Add($"accuracy: {subject.Key}", system, Bootstrap.Mean(subject, _bootstrap));
        return report;
    }
}
