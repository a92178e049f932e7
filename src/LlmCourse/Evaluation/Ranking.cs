namespace LlmCourse.Evaluation;

/// <summary>How well scores put the right things first and follow other scores. Pure functions, safe to call from several threads.</summary>
public static class Ranking
{
    /// <summary>
    /// The area under the ROC curve: how likely a positive example scores higher than a negative one, a tie counting half
    /// (Mann and Whitney).
    /// </summary>
    /// <param name="scores">A score for each example.</param>
    /// <param name="positive">Which examples are positive.</param>
    /// <returns>0 to 1; a half is chance.</returns>
    /// <exception cref="ArgumentException">The lists differ in length, a score is not a number, or not both kinds are there.</exception>
    public static double RocAuc(IReadOnlyList<double> scores, IReadOnlyList<bool> positive)
    {
        Require(scores, positive);
        double positives = positive.Count(is1 => is1), negatives = positive.Count - positives;
        if (positives == 0 || negatives == 0)
            throw new ArgumentException($"There are {positives} positive and {negatives} negative examples: both kinds are needed.", nameof(positive));
        double[] ranks = Ranks(scores);
        double sum = 0;
        for (int i = 0; i < ranks.Length; i++)
            sum += positive[i] ? ranks[i] : 0;
        return (sum - (positives * (positives + 1) / 2)) / (positives * negatives);
    }

    /// <summary>
    /// The average of the precision at each positive example, from the highest score down; examples of one score come together.
    /// </summary>
    /// <param name="scores">A score for each example.</param>
    /// <param name="positive">Which examples are positive.</param>
    /// <returns>0 to 1; the share of positives is chance.</returns>
    /// <exception cref="ArgumentException">The lists differ in length, a score is not a number, or none is positive.</exception>
    public static double AveragePrecision(IReadOnlyList<double> scores, IReadOnlyList<bool> positive)
    {
        Require(scores, positive);
        if (!positive.Any(is1 => is1))
            throw new ArgumentException("There is no positive example.", nameof(positive));
        int[] order = [.. Enumerable.Range(0, scores.Count).OrderByDescending(i => scores[i])];
        (double sum, int found) = (0, 0);
        for (int i = 0; i < order.Length;)
        {
            int before = found;
            double score = scores[order[i]];
            for (; i < order.Length && scores[order[i]] == score; i++)
                found += positive[order[i]] ? 1 : 0;
            sum += (found - before) * ((double)found / i);
        }

        return sum / found;
    }

    /// <summary>Pearson's correlation: how near two figures of the same examples are to a straight line.</summary>
    /// <param name="x">A figure for each example.</param>
    /// <param name="y">Another, in the same order.</param>
    /// <returns>−1 to 1; not a number where one of them never changes.</returns>
    /// <exception cref="ArgumentException">The lists differ in length, or have fewer than two entries, or one is not a finite number.</exception>
    public static double Pearson(IReadOnlyList<double> x, IReadOnlyList<double> y)
    {
        (double[] first, double[] second) = PairedBootstrap.RequirePaired(x, y);
        if (first.Length < 2)
            throw new ArgumentException("A correlation needs at least two examples.", nameof(x));
        double meanX = first.Average(), meanY = second.Average(), xy = 0, xx = 0, yy = 0;
        for (int i = 0; i < first.Length; i++)
        {
            (double dx, double dy) = (first[i] - meanX, second[i] - meanY);
            (xy, xx, yy) = (xy + (dx * dy), xx + (dx * dx), yy + (dy * dy));
        }

        return xx == 0 || yy == 0 ? double.NaN : Math.Clamp(xy / Math.Sqrt(xx) / Math.Sqrt(yy), -1, 1);
    }

    /// <summary>Spearman's correlation: Pearson's of the ranks, equal figures sharing theirs.</summary>
    /// <param name="x">A figure for each example.</param>
    /// <param name="y">Another, in the same order.</param>
    /// <returns>−1 to 1; not a number where one of them never changes.</returns>
    /// <exception cref="ArgumentException">The lists differ in length, or have fewer than two entries, or one is not a finite number.</exception>
    public static double Spearman(IReadOnlyList<double> x, IReadOnlyList<double> y)
    {
        (double[] first, double[] second) = PairedBootstrap.RequirePaired(x, y);
        return Pearson(Ranks(first), Ranks(second));
    }

    /// <summary>Ranks from 1; equal values share the average of theirs.</summary>
    private static double[] Ranks(IReadOnlyList<double> values)
    {
        int[] order = [.. Enumerable.Range(0, values.Count).OrderBy(i => values[i])];
        double[] ranks = new double[values.Count];
        for (int i = 0; i < order.Length;)
        {
            int end = i;
            while (end < order.Length && values[order[end]] == values[order[i]])
                end++;
            double rank = (i + 1 + end) / 2.0;
            for (; i < end; i++)
                ranks[order[i]] = rank;
        }

        return ranks;
    }

    private static void Require(IReadOnlyList<double> scores, IReadOnlyList<bool> positive)
    {
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentNullException.ThrowIfNull(positive);
        if (scores.Count != positive.Count)
            throw new ArgumentException($"There are {scores.Count} scores and {positive.Count} labels.", nameof(positive));
        if (scores.Any(double.IsNaN))
            throw new ArgumentException("A score is not a number.", nameof(scores));
    }
}
