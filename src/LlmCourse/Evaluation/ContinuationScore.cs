namespace LlmCourse.Evaluation;

/// <summary>What a model thinks of a text behind another one.</summary>
/// <param name="LogLikelihood">The summed natural log-probability of its tokens.</param>
/// <param name="Tokens">How many tokens that are; one that joins both texts is among them.</param>
/// <param name="IsGreedy">Whether each of them is the likeliest at its place: greedy search would write this text.</param>
/// <param name="CutTokens">How many tokens at the start of the context the model could not read, and did not.</param>
public readonly record struct ContinuationScore(double LogLikelihood, int Tokens, bool IsGreedy, int CutTokens = 0);
