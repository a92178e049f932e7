namespace LlmCourse.Generation;

/// <summary>One token and how likely it is.</summary>
/// <param name="TokenId">The id of the token in the vocabulary.</param>
/// <param name="Text">The token as text.</param>
/// <param name="Probability">Its probability, in [0, 1].</param>
public readonly record struct TokenProbability(int TokenId, string Text, double Probability);
