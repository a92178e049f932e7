namespace LlmCourse.Tests;

/// <summary>Pearson's χ² test of counts against probabilities.</summary>
internal static class ChiSquare
{
    /// <summary>
    /// The probability of counts at least as far from the expected ones. Cells that expect fewer than five are taken together.
    /// A count where the probability is 0 gives 0.
    /// </summary>
    public static double PValue(IReadOnlyList<int> counts, IReadOnlyList<double> probabilities)
    {
        long draws = counts.Sum(count => (long)count);
        double statistic = 0, smallExpected = 0, smallCount = 0;
        int cells = 0;
        for (int i = 0; i < counts.Count; i++)
        {
            double expected = draws * probabilities[i];
            if (expected == 0 && counts[i] > 0)
                return 0;
            if (expected >= 5)
            {
                statistic += Square(counts[i] - expected) / expected;
                cells++;
            }
            else
            {
                smallExpected += expected;
                smallCount += counts[i];
            }
        }

        if (smallExpected > 0)
        {
            statistic += Square(smallCount - smallExpected) / smallExpected;
            cells++;
        }

        return cells < 2 ? 1 : UpperGamma((cells - 1) / 2.0, statistic / 2);
    }

    /// <summary>The regularised upper incomplete gamma function Q(a, x) (DLMF 8.11.4 below a + 1, 8.9.2 above).</summary>
    public static double UpperGamma(double a, double x)
    {
        if (x <= 0)
            return 1;
        double front = Math.Exp((a * Math.Log(x)) - x - LogGamma(a));
        if (x < a + 1)
        {
            double term = 1 / a, sum = term;
            for (int n = 1; term > sum * 1e-16; n++)
                sum += term *= x / (a + n);
            return 1 - (front * sum);
        }

        // Lentz's evaluation of the continued fraction.
        double b = x + 1 - a, c = 1e300, d = 1 / b, fraction = d;
        for (int n = 1; n < 10_000; n++)
        {
            double factor = -n * (n - a);
            b += 2;
            d = 1 / ((factor * d) + b);
            c = b + (factor / c);
            fraction *= d * c;
            if (Math.Abs((d * c) - 1) < 1e-15)
                break;
        }

        return front * fraction;
    }

    /// <summary>Stirling's series after moving the argument up to where it is exact to double precision.</summary>
    private static double LogGamma(double x)
    {
        double shift = 0;
        for (; x < 15; x++)
            shift += Math.Log(x);
        double inverse = 1 / x, square = inverse * inverse;
        return ((x - 0.5) * Math.Log(x)) - x + (0.5 * Math.Log(2 * Math.PI))
            + (inverse * ((1.0 / 12) - (square * ((1.0 / 360) - (square * ((1.0 / 1260) - (square / 1680)))))))
            - shift;
    }

    private static double Square(double value) => value * value;
}
