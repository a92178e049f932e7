namespace LlmCourse.Evaluation;

/// <summary>Predicted labels against the right ones, to the digit of scikit-learn.</summary>
/// <remarks>Pure functions, safe to call from several threads.</remarks>
public static class Classification
{
    /// <summary>Counts every pair of predicted and right label.</summary>
    /// <typeparam name="T">The type of a label: a text, a number, an enum.</typeparam>
    /// <param name="predictions">What the model said.</param>
    /// <param name="references">What is right, in the same order.</param>
    /// <param name="weights">How much each example counts; null for 1 each.</param>
    /// <returns>Accuracy, precision, recall, F1 and Matthews' correlation.</returns>
    /// <exception cref="ArgumentException">The lists differ in length, or are empty, or a weight is negative or not a finite number.</exception>
    public static ClassificationScores<T> Score<T>(IReadOnlyList<T> predictions, IReadOnlyList<T> references, IReadOnlyList<double>? weights = null)
        where T : notnull
    {
        Inputs.RequirePairs(predictions, references);
        if (weights is not null && weights.Count != predictions.Count)
            throw new ArgumentException($"There are {predictions.Count} predictions and {weights.Count} weights.", nameof(weights));
        if (weights is not null && weights.Any(weight => !(weight >= 0 && double.IsFinite(weight))))
            throw new ArgumentException("Every weight must be a finite number, 0 or more.", nameof(weights));
        return new ClassificationScores<T>(predictions, references, weights);
    }

    /// <summary>The share of predictions that equal their reference. With whole answers as labels this is exact match.</summary>
    /// <typeparam name="T">The type of a label.</typeparam>
    /// <param name="predictions">What the model said.</param>
    /// <param name="references">What is right, in the same order.</param>
    /// <returns>0 to 1.</returns>
    /// <exception cref="ArgumentException">The lists differ in length, or are empty.</exception>
    public static double Accuracy<T>(IReadOnlyList<T> predictions, IReadOnlyList<T> references)
        where T : notnull
    {
        Inputs.RequirePairs(predictions, references);
        int right = 0;
        for (int i = 0; i < predictions.Count; i++)
            right += EqualityComparer<T>.Default.Equals(predictions[i], references[i]) ? 1 : 0;
        return (double)right / predictions.Count;
    }
}
