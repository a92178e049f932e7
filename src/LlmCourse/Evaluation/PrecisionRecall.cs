namespace LlmCourse.Evaluation;

/// <summary>
/// How much of what was said is right, and how much of what is right was said. In terms of a summary: precision divides the
/// matches by the prediction's length, recall by the reference's.
/// </summary>
/// <param name="Precision">Matches divided by what was predicted.</param>
/// <param name="Recall">Matches divided by what the reference has.</param>
/// <param name="F1">Their harmonic mean, 2PR / (P + R); in an average of several examples the average of theirs.</param>
public readonly record struct PrecisionRecall(double Precision, double Recall, double F1)
{
    /// <summary>From counts; a share of nothing is 0.</summary>
    internal static PrecisionRecall Of(double matches, double predicted, double expected) =>
        Of(predicted > 0 ? matches / predicted : 0, expected > 0 ? matches / expected : 0);

    internal static PrecisionRecall Of(double precision, double recall) =>
        new(precision, recall, precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0);

    /// <summary>The average of each of the three.</summary>
    internal static PrecisionRecall Mean(IReadOnlyList<PrecisionRecall> scores)
    {
        (double precision, double recall, double f1) = (0, 0, 0);
        foreach (PrecisionRecall score in scores)
            (precision, recall, f1) = (precision + score.Precision, recall + score.Recall, f1 + score.F1);
        return new PrecisionRecall(precision / scores.Count, recall / scores.Count, f1 / scores.Count);
    }
}
