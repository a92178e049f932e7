using System.Globalization;

namespace LlmCourse.Evaluation;

/// <summary>What BLEU says about a text or a corpus, and the counts behind it.</summary>
public sealed class BleuScore
{
    /// <summary>The score, 0 to 100. A perfect one may be 100.00000000000004, as it is in sacreBLEU.</summary>
    public required double Score { get; init; }

    /// <summary>n-gram matches of each order, each n-gram no more often than the reference which has most of it; before smoothing.</summary>
    public required IReadOnlyList<long> Matches { get; init; }

    /// <summary>n-grams of each order in the hypotheses; before smoothing.</summary>
    public required IReadOnlyList<long> Totals { get; init; }

    /// <summary>Precision of each order in percent, smoothed.</summary>
    public required IReadOnlyList<double> Precisions { get; init; }

    /// <summary>1, or less where the hypotheses are shorter than the references: exp(1 − references / hypotheses).</summary>
    public required double BrevityPenalty { get; init; }

    /// <summary>Words of the hypotheses.</summary>
    public required long HypothesisLength { get; init; }

    /// <summary>Words of the references; of several, the one nearest in length, the shorter of equally near ones.</summary>
    public required long ReferenceLength { get; init; }

    /// <summary>
    /// How the score was made, in sacreBLEU's words, to be published with it. Its version is the sacreBLEU whose definitions
    /// these are.
    /// </summary>
    public required string Signature { get; init; }

    internal int References { get; init; }

    /// <summary>The score with its parts, as sacreBLEU prints it.</summary>
    /// <returns>One line.</returns>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"BLEU = {Score:f2} {string.Join('/', Precisions.Select(precision => precision.ToString("f1", CultureInfo.InvariantCulture)))} (BP = {BrevityPenalty:f3} ratio = {(ReferenceLength == 0 ? 0 : (double)HypothesisLength / ReferenceLength):f3} hyp_len = {HypothesisLength} ref_len = {ReferenceLength})");
}
