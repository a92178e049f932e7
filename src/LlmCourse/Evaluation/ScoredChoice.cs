namespace LlmCourse.Evaluation;

/// <summary>One answer of a multiple-choice question with what a model thinks of it.</summary>
/// <param name="Text">The answer as it is written, without the blank that joins it to the question.</param>
/// <param name="LogLikelihood">The summed natural log-probability of its tokens after the question.</param>
/// <param name="Tokens">How many tokens that are.</param>
public readonly record struct ScoredChoice(string Text, double LogLikelihood, int Tokens);
