namespace LlmCourse.Evaluation;

/// <summary>
/// ROUGE (Lin, "ROUGE: a package for automatic evaluation of summaries", 2004), to the digit of Google's rouge_score:
/// <code>double recall = Rouge.Score(prediction, reference).Rouge1.Recall;</code>
/// <b>Recall</b> divides the matches by the length of the reference, <b>precision</b> by that of the prediction. The course's notes
/// have the two the wrong way round.
/// </summary>
/// <remarks>Pure functions, safe to call from several threads. Scores are between 0 and 1; an empty text scores 0, against another empty one too.</remarks>
public static class Rouge
{
    /// <summary>Scores a text against one reference.</summary>
    /// <param name="prediction">What the model wrote.</param>
    /// <param name="reference">What a person wrote.</param>
    /// <param name="options">What counts as the same word; null for rouge_score's defaults.</param>
    /// <returns>Precision, recall and F1 of each kind.</returns>
    public static RougeScores Score(string prediction, string reference, RougeOptions? options = null) =>
        Score(prediction, [reference], options);

    /// <summary>Scores a text against several references: for each figure the one with the best F1 counts, unless <see cref="RougeOptions.AverageReferences"/> is set.</summary>
    /// <param name="prediction">What the model wrote.</param>
    /// <param name="references">What different people wrote; at least one.</param>
    /// <param name="options">What counts as the same word; null for rouge_score's defaults.</param>
    /// <returns>Precision, recall and F1 of each kind.</returns>
    /// <exception cref="ArgumentException">There is no reference.</exception>
    public static RougeScores Score(string prediction, IReadOnlyList<string> references, RougeOptions? options = null) =>
        ScoreAll([prediction], [references], options)[0];

    /// <summary>Scores many texts, each against its reference. Faster than one by one: each word is stemmed once.</summary>
    /// <param name="predictions">What the model wrote.</param>
    /// <param name="references">What a person wrote, in the same order.</param>
    /// <param name="options">What counts as the same word; null for rouge_score's defaults.</param>
    /// <returns>The scores of each prediction.</returns>
    /// <exception cref="ArgumentException">The two lists differ in length, or are empty.</exception>
    public static IReadOnlyList<RougeScores> ScoreAll(IReadOnlyList<string> predictions, IReadOnlyList<string> references, RougeOptions? options = null)
    {
        Inputs.RequirePairs(predictions, references);
        RougeScorer scorer = new(options ?? new RougeOptions());
        var scores = new RougeScores[predictions.Count];
        for (int i = 0; i < scores.Length; i++)
            scores[i] = scorer.Score(predictions[i], references[i]);
        return scores;
    }

    /// <summary>Scores many texts, each against its own references.</summary>
    /// <param name="predictions">What the model wrote.</param>
    /// <param name="references">For each prediction what different people wrote; at least one.</param>
    /// <param name="options">What counts as the same word; null for rouge_score's defaults.</param>
    /// <returns>The scores of each prediction.</returns>
    /// <exception cref="ArgumentException">The two lists differ in length, or are empty, or a prediction has no reference.</exception>
    public static IReadOnlyList<RougeScores> ScoreAll(
        IReadOnlyList<string> predictions, IReadOnlyList<IReadOnlyList<string>> references, RougeOptions? options = null)
    {
        Inputs.RequireReferences(predictions, references, sameNumber: false);
        options ??= new RougeOptions();
        RougeScorer scorer = new(options);
        return [.. predictions.Select((prediction, i) => OfReferences([.. references[i].Select(reference => scorer.Score(prediction, reference))]))];

        RougeScores OfReferences(RougeScores[] scores) => options.AverageReferences ? RougeScores.Mean(scores) : scores.Aggregate(RougeScores.Best);
    }

    /// <summary>The average of each figure. For an interval around one of them see <see cref="Bootstrap.Mean"/>.</summary>
    /// <param name="scores">The scores of each example.</param>
    /// <returns>The averages; F1 is the average of the examples' F1.</returns>
    /// <exception cref="ArgumentException">There are no scores, or they were made with different <see cref="RougeOptions.MaxOrder"/>.</exception>
    public static RougeScores Mean(IReadOnlyList<RougeScores> scores)
    {
        ArgumentNullException.ThrowIfNull(scores);
        if (scores.Count == 0)
            throw new ArgumentException("There are no scores to average.", nameof(scores));
        if (scores.Any(score => score.MaxOrder != scores[0].MaxOrder))
            throw new ArgumentException($"The scores were made with different {nameof(RougeOptions.MaxOrder)}.", nameof(scores));
        return RougeScores.Mean(scores);
    }
}
