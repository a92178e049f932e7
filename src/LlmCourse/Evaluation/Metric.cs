namespace LlmCourse.Evaluation;

/// <summary>
/// A way to score what a model wrote: one of <see cref="Metrics"/>, or your own:
/// <code>var polite = new Metric("polite", (prediction, references) => prediction.Contains("please") ? 1 : 0);</code>
/// Immutable.
/// </summary>
public sealed class Metric
{
    private readonly Func<IReadOnlyList<string>, IReadOnlyList<IReadOnlyList<string>>, IReadOnlyList<MetricScores>> _score;

    /// <summary>A metric of single examples, whose figure is their mean.</summary>
    /// <param name="name">What it is called in a report.</param>
    /// <param name="score">A finite number for a prediction and its references.</param>
    /// <param name="lowerIsBetter">Whether less is better.</param>
    public Metric(string name, Func<string, IReadOnlyList<string>, double> score, bool lowerIsBetter = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(score);
        _score = (predictions, references) => [MetricScores.Mean(name, [.. predictions.Select((text, i) => score(text, references[i]))], lowerIsBetter)];
    }

    /// <summary>A metric that sees all examples at once, and may give several figures.</summary>
    /// <param name="score">From the predictions, and for each its references, to the figures, each with a name of its own.</param>
    public Metric(Func<IReadOnlyList<string>, IReadOnlyList<IReadOnlyList<string>>, IReadOnlyList<MetricScores>> score)
    {
        ArgumentNullException.ThrowIfNull(score);
        _score = score;
    }

    /// <summary>Scores predictions.</summary>
    /// <param name="predictions">What the model wrote.</param>
    /// <param name="references">For each what would have been right; at least one.</param>
    /// <returns>One figure, or several.</returns>
    /// <exception cref="ArgumentException">The lists differ in length, or are empty, or a prediction has no reference.</exception>
    public IReadOnlyList<MetricScores> Score(IReadOnlyList<string> predictions, IReadOnlyList<IReadOnlyList<string>> references)
    {
        Inputs.RequireReferences(predictions, references, sameNumber: false);
        return _score(predictions, references);
    }
}
