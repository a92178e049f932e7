namespace LlmCourse.Evaluation;

/// <summary>How many tokens a model would have written as they are, each given all right ones before it.</summary>
/// <param name="Correct">Tokens that are the likeliest at their place.</param>
/// <param name="Tokens">All tokens with a label.</param>
public readonly record struct TokenAccuracy(long Correct, long Tokens)
{
    /// <summary>The share of correct ones.</summary>
    public double Value => (double)Correct / Tokens;
}
