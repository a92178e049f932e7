namespace LlmCourse.Evaluation;

/// <summary>How surprised a model is by a text.</summary>
/// <param name="NegativeLogLikelihood">Summed over the counted tokens, natural logarithm.</param>
/// <param name="Tokens">How many tokens were counted.</param>
public readonly record struct PerplexityScore(double NegativeLogLikelihood, long Tokens)
{
    /// <summary>The perplexity: the exponential of the average.</summary>
    public double Value => Perplexity.Of(NegativeLogLikelihood, Tokens);

    /// <summary>That of several texts together: sums are added before they are divided, so that each token counts once.</summary>
    public static PerplexityScore Of(IEnumerable<PerplexityScore> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        (double sum, long tokens) = (0, 0);
        foreach (PerplexityScore text in texts)
            (sum, tokens) = (sum + text.NegativeLogLikelihood, tokens + text.Tokens);
        return new PerplexityScore(sum, tokens);
    }
}
