namespace LlmCourse.Evaluation;

/// <summary>
/// One figure of a set of examples: a score for each example, and the figure of any choice of them, which resampling needs. For
/// most it is the mean; BLEU, error rates and perplexity add counts up before they divide.
/// </summary>
public sealed class MetricScores
{
    private readonly Func<IReadOnlyList<int>, double> _figure;

    private MetricScores(string name, IReadOnlyList<double> examples, Func<IReadOnlyList<int>, double> figure, bool lowerIsBetter)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(examples);
        if (examples.Count == 0)
            throw new ArgumentException($"{name}: there are no examples.", nameof(examples));
        (Name, Examples, _figure, LowerIsBetter) = (name, examples, figure, lowerIsBetter);
    }

    /// <summary>What it is called in a report.</summary>
    public string Name { get; }

    /// <summary>The score of each example, in their order.</summary>
    public IReadOnlyList<double> Examples { get; }

    /// <summary>Whether less is better, as for error rates and perplexity.</summary>
    public bool LowerIsBetter { get; }

    /// <summary>The figure on all examples.</summary>
    public double Value => Of([.. Enumerable.Range(0, Examples.Count)]);

    /// <summary>A figure that is the mean of the examples' scores.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="examples">A finite score for each example; at least one.</param>
    /// <param name="lowerIsBetter">Whether less is better.</param>
    /// <exception cref="ArgumentException">There are no scores, or one is not a finite number.</exception>
    public static MetricScores Mean(string name, IReadOnlyList<double> examples, bool lowerIsBetter = false)
    {
        ArgumentNullException.ThrowIfNull(examples);
        double[] values = [.. examples];
        Bootstrap.RequireFinite(values, name);
        return new MetricScores(name, values, chosen => Bootstrap.MeanOf(values, chosen), lowerIsBetter);
    }

    /// <summary>A figure of its own kind.</summary>
    /// <param name="name">What it is called.</param>
    /// <param name="examples">A score for each example; at least one.</param>
    /// <param name="figure">The figure of some examples, by their numbers from 0; one may be there several times. The list is only valid during the call.</param>
    /// <param name="lowerIsBetter">Whether less is better.</param>
    /// <exception cref="ArgumentException">There are no scores.</exception>
    public static MetricScores OfCorpus(string name, IReadOnlyList<double> examples, Func<IReadOnlyList<int>, double> figure, bool lowerIsBetter = false)
    {
        ArgumentNullException.ThrowIfNull(figure);
        return new MetricScores(name, examples, figure, lowerIsBetter);
    }

    /// <summary>The figure of some examples.</summary>
    /// <param name="chosen">Their numbers, from 0.</param>
    public double Of(IReadOnlyList<int> chosen)
    {
        ArgumentNullException.ThrowIfNull(chosen);
        return _figure(chosen);
    }

    /// <summary>The figure with its interval.</summary>
    /// <param name="options">How to draw; null for a thousand samples and 95 %.</param>
    public Estimate Estimate(BootstrapOptions? options = null) => Bootstrap.Statistic(Examples.Count, _figure, options);

    /// <summary>Compares with another model's scores of the same examples.</summary>
    /// <param name="candidate">The scores of the other; these are the baseline.</param>
    /// <param name="options">How to draw; null for a thousand samples and 95 %.</param>
    /// <exception cref="ArgumentException">It is another figure, or one of other examples.</exception>
    public PairedComparison CompareWith(MetricScores candidate, BootstrapOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(candidate);
        if (candidate.Name != Name || candidate.Examples.Count != Examples.Count)
            throw new ArgumentException($"'{Name}' of {Examples.Count} examples cannot be compared with '{candidate.Name}' of {candidate.Examples.Count}.", nameof(candidate));
        return PairedBootstrap.Compare(Examples.Count, _figure, candidate._figure, options);
    }

    /// <summary>A figure that divides one sum by another, such as edits by words.</summary>
    internal static MetricScores Ratio(string name, double[] above, double[] below, Func<double, double, double> divide, bool lowerIsBetter) =>
        OfCorpus(name, [.. above.Zip(below, divide)], chosen => divide(chosen.Sum(i => above[i]), chosen.Sum(i => below[i])), lowerIsBetter);
}
