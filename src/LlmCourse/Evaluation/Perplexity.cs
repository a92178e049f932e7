namespace LlmCourse.Evaluation;

/// <summary>How surprised a model is by a text: the exponential of the average negative log-likelihood of a token.</summary>
public static class Perplexity
{
    /// <summary>From sums over all texts; add up before dividing, so that each token counts once.</summary>
    /// <param name="negativeLogLikelihood">Summed over the predicted tokens, natural logarithm.</param>
    /// <param name="tokens">How many tokens were predicted: of a text without a token before it, all but the first.</param>
    /// <returns>1 for certainty, the size of the vocabulary for a blind guess; infinite where it exceeds what a double holds.</returns>
    /// <exception cref="ArgumentException">There are no tokens, or the sum is not a number.</exception>
    public static double Of(double negativeLogLikelihood, long tokens)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tokens, 1);
        if (double.IsNaN(negativeLogLikelihood))
            throw new ArgumentException("The summed negative log-likelihood is not a number: a loss was NaN.", nameof(negativeLogLikelihood));
        return Math.Exp(negativeLogLikelihood / tokens);
    }
}
