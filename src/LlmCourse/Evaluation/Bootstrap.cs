using LlmCourse.Runtime;

namespace LlmCourse.Evaluation;

/// <summary>
/// Intervals by resampling (Efron, "Bootstrap methods: another look at the jackknife", 1979): the examples are drawn anew many
/// times, with replacement, and the interval is where the middle of the figures lies (percentile method, interpolated linearly).
/// </summary>
/// <remarks>It says how far the choice of examples may have moved a figure; not what another seed of training would do.</remarks>
public static class Bootstrap
{
    /// <summary>The mean of the examples' figures.</summary>
    /// <param name="values">A figure for each example.</param>
    /// <param name="options">How to draw; null for a thousand samples and 95 %.</param>
    /// <returns>The mean with its interval.</returns>
    /// <exception cref="ArgumentException">There are no values, or one is not a finite number.</exception>
    public static Estimate Mean(IEnumerable<double> values, BootstrapOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(values);
        double[] all = [.. values];
        if (all.Length == 0)
            throw new ArgumentException("There are no values to average.", nameof(values));
        RequireFinite(all, nameof(values));
        return Statistic(all.Length, chosen => MeanOf(all, chosen), options);
    }

    /// <summary>Any figure of a set of examples, such as the BLEU of a corpus.</summary>
    /// <param name="examples">How many examples there are.</param>
    /// <param name="statistic">The figure of some of them, by their numbers from 0; one may be there several times. The list is only valid during the call.</param>
    /// <param name="options">How to draw; null for a thousand samples and 95 %.</param>
    /// <returns>The figure on all examples with its interval.</returns>
    /// <exception cref="ArgumentException">There are no examples.</exception>
    public static Estimate Statistic(int examples, Func<IReadOnlyList<int>, double> statistic, BootstrapOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(statistic);
        if (examples < 1)
            throw new ArgumentOutOfRangeException(nameof(examples), examples, "There are no examples to draw from.");
        options ??= new BootstrapOptions();
        options.Validate();
        double[] figures = [.. Samples(examples, options).Select(statistic)];
        (double low, _, double high) = Percentiles(figures, options.Confidence);
        return new Estimate(statistic(All(examples)), low, high);
    }

    internal static int[] All(int examples) => [.. Enumerable.Range(0, examples)];

    /// <summary>The numbers of the drawn examples, one sample after another in the same array.</summary>
    internal static IEnumerable<int[]> Samples(int examples, BootstrapOptions options)
    {
        int[] sample = new int[examples];
        for (int r = 0; r < options.Resamples; r++)
        {
            for (int i = 0; i < examples; i++)
                sample[i] = (int)(Philox.Uniform(options.Seed, r, i) * examples);
            yield return sample;
        }
    }

    internal static double MeanOf(double[] values, IReadOnlyList<int> chosen)
    {
        double sum = 0;
        for (int i = 0; i < chosen.Count; i++)
            sum += values[chosen[i]];
        return sum / chosen.Count;
    }

    /// <summary>Both ends of the middle share of the figures, and their median. Sorts the figures.</summary>
    internal static (double Low, double Median, double High) Percentiles(double[] figures, double confidence)
    {
        Array.Sort(figures);
        double tail = (1 - confidence) / 2;
        return (At(tail), At(0.5), At(1 - tail));

        double At(double share)
        {
            double place = share * (figures.Length - 1);
            int below = (int)place, above = Math.Min(below + 1, figures.Length - 1);
            return figures[below] + ((place - below) * (figures[above] - figures[below]));
        }
    }

    internal static void RequireFinite(double[] values, string name)
    {
        int bad = Array.FindIndex(values, value => !double.IsFinite(value));
        if (bad >= 0)
            throw new ArgumentException($"{name}[{bad}] is {values[bad]}: every example needs a finite figure.", name);
    }
}
