namespace LlmCourse.Evaluation;

/// <summary>
/// BLEU of texts that are tokens already, between 0 and 1, to the digit of NLTK, with the smoothing methods 0 to 7 of Chen and
/// Cherry, "A systematic comparison of smoothing techniques for sentence-level BLEU" (2014), as NLTK understands them. For texts
/// see <see cref="Bleu"/>, whose scores can be compared with published ones.
/// </summary>
/// <remarks>
/// Without smoothing (0), an order without a match makes the score practically 0, as in 1.5e-231; it is exactly 0 without a common
/// word. Method 6 needs a match of three words, and raises an error without one, as NLTK does.
/// </remarks>
public static class NltkBleu
{
    private const double SmallestNormal = 2.2250738585072014e-308;
    private const double Floor = 0.1; // NLTK's epsilon
    private const double LengthFactor = 5; // its k
    private const double PriorWeight = 5; // its alpha

    /// <summary>Scores one text.</summary>
    /// <param name="hypothesis">The tokens that the model wrote.</param>
    /// <param name="references">The tokens of each reference; at least one.</param>
    /// <param name="smoothing">The method, 0 to 7.</param>
    /// <param name="weights">The weight of each order of n-grams; null for a quarter for each of the first four.</param>
    /// <returns>The score, normally 0 to 1; methods 5 to 7 can exceed 1.</returns>
    /// <exception cref="ArgumentException">An argument is out of range, there is no reference, or method 6 finds no match of three words.</exception>
    public static double Sentence(
        IReadOnlyList<string> hypothesis, IReadOnlyList<IReadOnlyList<string>> references, int smoothing = 0, IReadOnlyList<double>? weights = null) =>
        Corpus([hypothesis], [references], smoothing, weights);

    /// <summary>Scores a corpus: counts are added up before they are divided.</summary>
    /// <param name="hypotheses">The tokens that the model wrote in each text.</param>
    /// <param name="references">For each hypothesis the tokens of each of its references; their number may differ.</param>
    /// <param name="smoothing">The method, 0 to 7. Methods 5 to 7 use the whole corpus, where NLTK uses its last text for a part.</param>
    /// <param name="weights">The weight of each order of n-grams; null for a quarter for each of the first four.</param>
    /// <returns>The score, normally 0 to 1; methods 5 to 7 can exceed 1.</returns>
    /// <exception cref="ArgumentException">An argument is out of range, the lists differ in length or are empty, or method 6 finds no match of three words.</exception>
    public static double Corpus(
        IReadOnlyList<IReadOnlyList<string>> hypotheses,
        IReadOnlyList<IReadOnlyList<IReadOnlyList<string>>> references,
        int smoothing = 0,
        IReadOnlyList<double>? weights = null) =>
        Corpus(hypotheses, references, smoothing, weights, usesLastText: false);

    /// <summary>With <paramref name="usesLastText"/> as NLTK does it: what methods 5 to 7 need besides precisions comes from the last text alone.</summary>
    internal static double Corpus(
        IReadOnlyList<IReadOnlyList<string>> hypotheses,
        IReadOnlyList<IReadOnlyList<IReadOnlyList<string>>> references,
        int smoothing,
        IReadOnlyList<double>? weights,
        bool usesLastText)
    {
        Inputs.RequireReferences(hypotheses, references, sameNumber: false);
        if (smoothing is < 0 or > 7)
            throw new ArgumentOutOfRangeException(nameof(smoothing), smoothing, "The smoothing method must be between 0 and 7.");
        weights ??= [0.25, 0.25, 0.25, 0.25];
        if (weights.Count is < 1 or > 16)
            throw new ArgumentException($"There are {weights.Count} weights: 1 to 16 are needed, one for each order of n-grams.", nameof(weights));

        // One order more than there are weights: method 5 averages over neighbours.
        NltkCounts counts = new(weights.Count + 1), last = counts;
        for (int i = 0; i < hypotheses.Count; i++)
            counts.Add(last = NltkCounts.Of(hypotheses[i], references[i], weights.Count + 1));
        if (counts.Matches[0] == 0)
            return 0;
        double[] precisions = Smoothed(counts, usesLastText ? last : counts, weights.Count, smoothing);
        double sum = 0;
        for (int n = 0; n < precisions.Length; n++)
            sum += precisions[n] > 0 ? weights[n] * Math.Log(precisions[n]) : 0;
        double penalty = counts.Length > counts.ReferenceLength ? 1 : Math.Exp(1 - ((double)counts.ReferenceLength / counts.Length));
        return penalty * Math.Exp(sum);
    }

    /// <summary>The precision of each order after smoothing.</summary>
    private static double[] Smoothed(NltkCounts counts, NltkCounts beyond, int orders, int method)
    {
        double[] precisions = new double[orders];
        for (int n = 0; n < orders; n++)
            precisions[n] = (double)counts.Matches[n] / counts.Totals[n];
        switch (method)
        {
            case 0:
                return Where(precisions, counts, _ => SmallestNormal);
            case 1:
                return Where(precisions, counts, n => Floor / counts.Totals[n]);
            case 2:
                for (int n = 1; n < orders; n++)
                    precisions[n] = (counts.Matches[n] + 1.0) / (counts.Totals[n] + 1.0);
                return precisions;
            case 3:
                double halves = 1;
                return Where(precisions, counts, n => 1 / ((halves *= 2) * counts.Totals[n]));
            case 4:
                return ByLength(precisions, counts);
            case 5:
                return ByNeighbours(precisions, beyond);
            case 6:
                return ByPrior(precisions, counts, beyond);
            default:
                return ByNeighbours(ByLength(precisions, counts), beyond);
        }
    }

    /// <summary>Replaces the precisions of orders without a match, from the shortest on.</summary>
    private static double[] Where(double[] precisions, NltkCounts counts, Func<int, double> replacement)
    {
        for (int n = 0; n < precisions.Length; n++)
        {
            if (counts.Matches[n] == 0)
                precisions[n] = replacement(n);
        }

        return precisions;
    }

    /// <summary>Method 4: as 3, and the less the shorter the text is. A text of one word is left as it is.</summary>
    private static double[] ByLength(double[] precisions, NltkCounts counts)
    {
        double halves = 1;
        return counts.Length <= 1 ? precisions
            : Where(precisions, counts, n => 1 / ((halves *= 2) * LengthFactor / Math.Log(counts.Length)) / counts.Totals[n]);
    }

    /// <summary>Method 5: the average of an order, the smoothed one before it and the one behind it.</summary>
    private static double[] ByNeighbours(double[] precisions, NltkCounts beyond)
    {
        int orders = precisions.Length;
        double before = precisions[0] + 1;
        for (int n = 0; n < orders; n++)
        {
            double behind = n + 1 < orders ? precisions[n + 1] : (double)beyond.Matches[orders] / beyond.Totals[orders];
            before = precisions[n] = (before + precisions[n] + behind) / 3;
        }

        return precisions;
    }

    /// <summary>Method 6: interpolated with what the two orders before let expect.</summary>
    private static double[] ByPrior(double[] precisions, NltkCounts counts, NltkCounts beyond)
    {
        if (precisions.Length > 2 && precisions[2] == 0)
            throw new ArgumentException("Smoothing method 6 needs a match of three words, and there is none: use another method.");
        for (int n = 2; n < precisions.Length; n++)
        {
            double prior = precisions[n - 2] == 0 ? 0 : precisions[n - 1] * precisions[n - 1] / precisions[n - 2];
            precisions[n] = (counts.Matches[n] + (PriorWeight * prior)) / (beyond.Grams[n] + PriorWeight);
        }

        return precisions;
    }
}
