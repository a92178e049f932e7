using LlmCourse.Evaluation.Text;

namespace LlmCourse.Evaluation;

/// <summary>
/// Word, character and phoneme error rates: insertions, deletions and replacements that make the prediction the reference
/// (Levenshtein), divided by the length of the reference. Edits and lengths are added up before they are divided. The less the
/// better; above 1 where predictions are longer than references.
/// </summary>
/// <remarks>Pure functions, safe to call from several threads.</remarks>
public static class ErrorRate
{
    /// <summary>The word error rate: words are what stands between white space.</summary>
    /// <param name="predictions">What the model wrote.</param>
    /// <param name="references">What is right, in the same order.</param>
    /// <returns>0 or more.</returns>
    /// <exception cref="ArgumentException">The lists differ in length, or are empty, or no reference has a word while a prediction has.</exception>
    public static double Words(IReadOnlyList<string> predictions, IReadOnlyList<string> references)
    {
        Inputs.RequirePairs(predictions, references);
        return Tokens([.. predictions.Select(text => WhiteSpace.Split(text))], [.. references.Select(text => WhiteSpace.Split(text))]);
    }

    /// <summary>The character error rate: characters are Unicode code points, blanks included.</summary>
    /// <param name="predictions">What the model wrote.</param>
    /// <param name="references">What is right, in the same order.</param>
    /// <returns>0 or more.</returns>
    /// <exception cref="ArgumentException">The lists differ in length, or are empty, or all references are empty while a prediction is not.</exception>
    public static double Characters(IReadOnlyList<string> predictions, IReadOnlyList<string> references)
    {
        Inputs.RequirePairs(predictions, references);
        return Tokens([.. predictions.Select(text => text.EnumerateRunes().ToArray())], [.. references.Select(text => text.EnumerateRunes().ToArray())]);
    }

    /// <summary>The error rate of any tokens, such as phonemes.</summary>
    /// <typeparam name="T">The type of a token.</typeparam>
    /// <param name="predictions">The tokens of each prediction.</param>
    /// <param name="references">The right tokens, in the same order.</param>
    /// <returns>0 or more.</returns>
    /// <exception cref="ArgumentException">The lists differ in length, or are empty, or no reference has a token while a prediction has.</exception>
    public static double Tokens<T>(IReadOnlyList<IReadOnlyList<T>> predictions, IReadOnlyList<IReadOnlyList<T>> references)
    {
        Inputs.RequirePairs(predictions, references);
        (long edits, long length) = (0, 0);
        for (int i = 0; i < predictions.Count; i++)
        {
            edits += Distance(predictions[i], references[i]);
            length += references[i].Count;
        }

        return edits == 0 ? 0
            : length > 0 ? (double)edits / length
            : throw new ArgumentException("No reference has anything in it: the rate would be infinite.", nameof(references));
    }

    /// <summary>How many tokens must be inserted, deleted or replaced until one list is the other.</summary>
    /// <typeparam name="T">The type of a token.</typeparam>
    /// <param name="prediction">The one list.</param>
    /// <param name="reference">The other.</param>
    /// <returns>0 for equal lists, at most the length of the longer.</returns>
    public static int Distance<T>(IReadOnlyList<T> prediction, IReadOnlyList<T> reference)
    {
        ArgumentNullException.ThrowIfNull(prediction);
        ArgumentNullException.ThrowIfNull(reference);
        EqualityComparer<T> comparer = EqualityComparer<T>.Default;
        int[] row = [.. Enumerable.Range(0, reference.Count + 1)];
        for (int i = 0; i < prediction.Count; i++)
        {
            int diagonal = row[0];
            row[0] = i + 1;
            for (int j = 0; j < reference.Count; j++)
            {
                int replaced = diagonal + (comparer.Equals(prediction[i], reference[j]) ? 0 : 1);
                diagonal = row[j + 1];
                row[j + 1] = Math.Min(replaced, Math.Min(row[j], diagonal) + 1);
            }
        }

        return row[^1];
    }
}
