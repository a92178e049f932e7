namespace LlmCourse.Evaluation;

/// <summary>What chrF says about a text or a corpus.</summary>
/// <param name="Score">0 to 100.</param>
/// <param name="Name">Which chrF it is: "chrF" with beta, and a "+" for each order of words.</param>
/// <param name="Signature">How it was made, in sacreBLEU's words.</param>
public sealed record ChrfScore(double Score, string Name, string Signature);
