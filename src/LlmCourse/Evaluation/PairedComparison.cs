namespace LlmCourse.Evaluation;

/// <summary>Two systems on the same examples.</summary>
/// <param name="Baseline">The figure of the first.</param>
/// <param name="Candidate">The figure of the second.</param>
/// <param name="Difference">Candidate minus baseline, with its interval.</param>
/// <param name="PValue">
/// How often chance alone makes a difference at least as large, in either direction, if the two are equally good. Below 0.05 is
/// the usual bar; with several comparisons divide it by their number.
/// </param>
/// <param name="WinRate">The share of the samples in which the candidate's figure is the higher one; a tie counts half (Koehn 2004).</param>
public sealed record PairedComparison(double Baseline, double Candidate, Estimate Difference, double PValue, double WinRate);
