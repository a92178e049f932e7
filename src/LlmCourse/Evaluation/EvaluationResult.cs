using LlmCourse.Data;

namespace LlmCourse.Evaluation;

/// <summary>What a model wrote for each test example, and what metrics say about it. Plain values: nothing to dispose.</summary>
public sealed class EvaluationResult
{
    private readonly EvaluationOptions _options;

    internal EvaluationResult(IReadOnlyList<Example> examples, IReadOnlyList<string> predictions, IEnumerable<Metric> metrics, EvaluationOptions options)
    {
        (Examples, _options) = (examples, options);
        Predictions = [.. predictions.Select(text => text.Trim())];
        IReadOnlyList<string>[] references = [.. examples.Select(example => (IReadOnlyList<string>)[.. example.References.Select(text => text.Trim())])];
        Scores = [.. metrics.SelectMany(metric => metric.Score(Predictions, references))];
        if (Scores.GroupBy(scores => scores.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new ArgumentException($"Two metrics are called '{twice.Key}'.", nameof(metrics));
    }

    /// <summary>What the model is called.</summary>
    public string System => _options.System;

    /// <summary>The examples, as given.</summary>
    public IReadOnlyList<Example> Examples { get; }

    /// <summary>What the model wrote for each, without white space around it. References are compared without it, too.</summary>
    public IReadOnlyList<string> Predictions { get; }

    /// <summary>Every figure, with the examples' scores.</summary>
    public IReadOnlyList<MetricScores> Scores { get; }

    /// <summary>A figure by its name, such as "ROUGE-1".</summary>
    /// <exception cref="ArgumentException">There is none of this name; the message lists those there are.</exception>
    public MetricScores this[string metric] => Scores.FirstOrDefault(scores => scores.Name == metric)
        ?? throw new ArgumentException($"No figure is called '{metric}'; there are {string.Join(", ", Scores.Select(scores => scores.Name))}.", nameof(metric));

    /// <summary>Every figure with its interval, and those of other models beside it.</summary>
    /// <param name="others">Other models' results on the same examples, each under another name.</param>
    /// <exception cref="ArgumentException">The examples differ, or two models have the same name.</exception>
    public Report Report(params IReadOnlyList<EvaluationResult> others)
    {
        Report report = new(Title);
        foreach (EvaluationResult result in WithOthers(others))
        {
            foreach (MetricScores scores in result.Scores)
                report.Add(Row(scores), result.System, scores.Estimate(_options.Bootstrap));
        }

        return report;
    }

    /// <summary>Compares a figure with another model's on the same examples; this one is the baseline.</summary>
    /// <param name="candidate">The other model's result.</param>
    /// <param name="metric">The name of the figure.</param>
    /// <exception cref="ArgumentException">The examples differ, or there is no such figure.</exception>
    public PairedComparison CompareWith(EvaluationResult candidate, string metric)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        WithOthers([candidate]);
        return this[metric].CompareWith(candidate[metric], _options.Bootstrap);
    }

    /// <summary>Every figure of both models on the same examples, the difference with its interval, and its p-value; this one is the baseline.</summary>
    /// <param name="candidate">The other model's result, under another name.</param>
    /// <exception cref="ArgumentException">The examples or the figures differ, or both models have the same name.</exception>
    public Report CompareWith(EvaluationResult candidate)
    {
        Report report = Report(candidate);
        foreach (MetricScores scores in Scores)
        {
            PairedComparison change = CompareWith(candidate, scores.Name);
            report.Add(Row(scores), "difference", change.Difference);
            report.Add(Row(scores), "p", change.PValue);
        }

        return report;
    }

    /// <summary>What stands in the references and what models wrote, one under the other, as plain text.</summary>
    /// <param name="count">How many examples are shown, from the first on.</param>
    /// <param name="others">Other models' results on the same examples.</param>
    /// <exception cref="ArgumentException">The examples differ.</exception>
    public string SideBySide(int count, params IReadOnlyList<EvaluationResult> others)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        EvaluationResult[] all = WithOthers(others);
        List<string[]> rows = [["example", "", "text"]];
        for (int i = 0; i < Math.Min(count, Examples.Count); i++)
        {
            rows.AddRange(Examples[i].References.Select((text, k) => (string[])[k == 0 ? Name(i) : "", "reference", text.Trim()]));
            rows.AddRange(all.Select(result => (string[])["", result.System, result.Predictions[i]]));
        }

        return TextTable.Plain(Title, rows);
    }

    private string Title => _options.Title ?? FormattableString.Invariant($"{Examples.Count} examples");

    private static string Row(MetricScores scores) => scores.LowerIsBetter ? $"{scores.Name} (lower is better)" : scores.Name;

    private string Name(int index) => Examples[index].Source ?? FormattableString.Invariant($"{index + 1}");

    private EvaluationResult[] WithOthers(IReadOnlyList<EvaluationResult> others)
    {
        ArgumentNullException.ThrowIfNull(others);
        foreach (EvaluationResult other in others)
        {
            if (!other.Examples.SequenceEqual(Examples))
                throw new ArgumentException($"'{other.System}' was measured on other examples than '{System}': only the same ones can be compared.", nameof(others));
        }

        return [this, .. others];
    }
}
