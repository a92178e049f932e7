namespace LlmCourse.Evaluation;

/// <summary>A sequence whose last tokens are to be scored, each from what stands before it.</summary>
/// <param name="Input">What the encoder reads, or null where there is none.</param>
/// <param name="Tokens">The whole sequence of the decoder.</param>
/// <param name="From">The place of the first scored token, at least 1.</param>
/// <param name="CutTokens">How many tokens of the context are left out.</param>
internal sealed record ContinuationRow(int[]? Input, int[] Tokens, int From, int CutTokens = 0)
{
    /// <summary>How many tokens are scored.</summary>
    public int Scored => Tokens.Length - From;
}
