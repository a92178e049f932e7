namespace LlmCourse.Evaluation;

/// <summary>
/// The exact sign test: on how many examples is one system better than the other, and how likely is that by chance? It asks how
/// often, not by how much, so that a few large differences do not decide. For answers that are right or wrong it is McNemar's
/// exact test.
/// </summary>
public static class SignTest
{
    /// <summary>The p-value of two systems' scores on the same examples. Ties say nothing and are left out.</summary>
    /// <param name="baseline">A score for each example by the first system.</param>
    /// <param name="candidate">A score for each example by the second, in the same order.</param>
    /// <returns>Two-sided, 0 to 1.</returns>
    /// <exception cref="ArgumentException">The lists differ in length, or are empty, or a score is not a finite number.</exception>
    public static double PValue(IReadOnlyList<double> baseline, IReadOnlyList<double> candidate)
    {
        (double[] first, double[] second) = PairedBootstrap.RequirePaired(baseline, candidate);
        (int wins, int losses) = (0, 0);
        for (int i = 0; i < first.Length; i++)
        {
            if (second[i] > first[i])
                wins++;
            else if (second[i] < first[i])
                losses++;
        }

        return PValue(wins, losses);
    }

    /// <summary>The p-value of a number of wins and losses: twice the smaller tail of the binomial distribution with one half.</summary>
    /// <param name="wins">On how many examples one system is better.</param>
    /// <param name="losses">On how many it is worse.</param>
    /// <returns>Two-sided, 0 to 1.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative.</exception>
    public static double PValue(int wins, int losses)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(wins);
        ArgumentOutOfRangeException.ThrowIfNegative(losses);
        double n = (double)wins + losses, logTerm = -n * Math.Log(2), tail = Math.Exp(logTerm);
        for (int k = 1; k <= Math.Min(wins, losses); k++)
        {
            logTerm += Math.Log(n - k + 1) - Math.Log(k);
            tail += Math.Exp(logTerm);
        }

        return Math.Min(1, 2 * tail);
    }
}
