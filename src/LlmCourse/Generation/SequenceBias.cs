namespace LlmCourse.Generation;

/// <summary>A number that is added to the score of a token where it would complete a sequence.</summary>
/// <param name="Tokens">The sequence; of one token, the bias always counts.</param>
/// <param name="Bias">What is added to the score of its last token; −∞ forbids it.</param>
public sealed record SequenceBias(IReadOnlyList<int> Tokens, double Bias);
