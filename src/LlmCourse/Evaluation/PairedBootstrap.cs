namespace LlmCourse.Evaluation;

/// <summary>
/// Whether one system is better than another on the same examples, or was only lucky with them: both are measured on the same
/// resampled sets (Koehn, "Statistical significance tests for machine translation evaluation", 2004). The p-value is that of
/// Riezler and Maxwell, "On some pitfalls in automatic evaluation and significance testing for MT" (2005): differences are
/// centred on their mean, as if the systems were equally good, and those at least as large as the real one are counted;
/// (count + 1) / (samples + 1).
/// </summary>
public static class PairedBootstrap
{
    /// <summary>Compares the means of the examples' scores.</summary>
    /// <param name="baseline">A score for each example by the first system.</param>
    /// <param name="candidate">A score for each example by the second, in the same order.</param>
    /// <param name="options">How to draw; null for a thousand samples and 95 %.</param>
    /// <returns>Both means, their difference with its interval, and its p-value.</returns>
    /// <exception cref="ArgumentException">The lists differ in length, or are empty, or a score is not a finite number.</exception>
    public static PairedComparison Compare(IReadOnlyList<double> baseline, IReadOnlyList<double> candidate, BootstrapOptions? options = null)
    {
        (double[] first, double[] second) = RequirePaired(baseline, candidate);
        return Compare(first.Length, chosen => Bootstrap.MeanOf(first, chosen), chosen => Bootstrap.MeanOf(second, chosen), options);
    }

    /// <summary>Compares any figure of a set of examples, such as the BLEU of a corpus.</summary>
    /// <param name="examples">How many examples both systems were given.</param>
    /// <param name="baseline">The figure of the first system on some of them, by their numbers from 0. The list is only valid during the call.</param>
    /// <param name="candidate">The figure of the second.</param>
    /// <param name="options">How to draw; null for a thousand samples and 95 %.</param>
    /// <returns>Both figures, their difference with its interval, and its p-value.</returns>
    /// <exception cref="ArgumentException">There are no examples.</exception>
    public static PairedComparison Compare(
        int examples, Func<IReadOnlyList<int>, double> baseline, Func<IReadOnlyList<int>, double> candidate, BootstrapOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(baseline);
        ArgumentNullException.ThrowIfNull(candidate);
        if (examples < 1)
            throw new ArgumentOutOfRangeException(nameof(examples), examples, "There are no examples to compare on.");
        options ??= new BootstrapOptions();
        options.Validate();
        int[] all = Bootstrap.All(examples);
        (double first, double second) = (baseline(all), candidate(all));
        double real = second - first;
        double[] differences = [.. Bootstrap.Samples(examples, options).Select(sample => candidate(sample) - baseline(sample))];

        double centre = differences.Average();
        // What rounding adds must not decide between "as large" and "smaller".
        double bar = Math.Abs(real) * (1 - 1e-12);
        int asLarge = differences.Count(difference => Math.Abs(difference - centre) >= bar);
        double wins = differences.Sum(difference => difference > 0 ? 1 : difference == 0 ? 0.5 : 0);
        (double low, _, double high) = Bootstrap.Percentiles(differences, options.Confidence);
        return new PairedComparison(first, second, new Estimate(real, low, high), (asLarge + 1.0) / (options.Resamples + 1.0), wins / options.Resamples);
    }

    internal static (double[] Baseline, double[] Candidate) RequirePaired(IReadOnlyList<double> baseline, IReadOnlyList<double> candidate)
    {
        ArgumentNullException.ThrowIfNull(baseline);
        ArgumentNullException.ThrowIfNull(candidate);
        if (baseline.Count != candidate.Count)
            throw new ArgumentException($"The baseline has {baseline.Count} scores and the candidate {candidate.Count}: they must be of the same examples.", nameof(candidate));
        if (baseline.Count == 0)
            throw new ArgumentException("There are no scores to compare.", nameof(baseline));
        double[] first = [.. baseline], second = [.. candidate];
        Bootstrap.RequireFinite(first, nameof(baseline));
        Bootstrap.RequireFinite(second, nameof(candidate));
        return (first, second);
    }
}
