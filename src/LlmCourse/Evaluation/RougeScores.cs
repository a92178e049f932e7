namespace LlmCourse.Evaluation;

/// <summary>
/// What ROUGE says about a prediction, or on average about many. Recall divides by the reference, precision by the prediction;
/// the course's notes have the two the wrong way round.
/// </summary>
public sealed class RougeScores
{
    private readonly PrecisionRecall[] _byOrder;

    internal RougeScores(PrecisionRecall[] byOrder, PrecisionRecall longest, PrecisionRecall summary)
    {
        _byOrder = byOrder;
        RougeL = longest;
        RougeLsum = summary;
    }

    /// <summary>Common words.</summary>
    public PrecisionRecall Rouge1 => _byOrder[0];

    /// <summary>Common pairs of words.</summary>
    public PrecisionRecall Rouge2 => _byOrder[1];

    /// <summary>The longest common subsequence of the whole texts, line breaks ignored.</summary>
    public PrecisionRecall RougeL { get; }

    /// <summary>The union of the longest common subsequences of each line of the reference with every line of the prediction.</summary>
    public PrecisionRecall RougeLsum { get; }

    /// <summary>The longest n-grams that were counted.</summary>
    public int MaxOrder => _byOrder.Length;

    /// <summary>Common n-grams.</summary>
    /// <param name="n">1 to <see cref="MaxOrder"/>.</param>
    /// <returns>ROUGE-N.</returns>
    /// <exception cref="ArgumentOutOfRangeException">These n-grams were not counted.</exception>
    public PrecisionRecall RougeN(int n) => n >= 1 && n <= MaxOrder
        ? _byOrder[n - 1]
        : throw new ArgumentOutOfRangeException(nameof(n), n, $"n must be between 1 and {MaxOrder}; {nameof(RougeOptions)}.{nameof(RougeOptions.MaxOrder)} says how many are counted.");

    /// <summary>For each figure the better one by F1; the first of equal ones.</summary>
    internal static RougeScores Best(RougeScores a, RougeScores b) =>
        new([.. a._byOrder.Zip(b._byOrder, Better)], Better(a.RougeL, b.RougeL), Better(a.RougeLsum, b.RougeLsum));

    internal static RougeScores Mean(IReadOnlyList<RougeScores> scores) => new(
        [.. Enumerable.Range(1, scores[0].MaxOrder).Select(n => PrecisionRecall.Mean([.. scores.Select(score => score.RougeN(n))]))],
        PrecisionRecall.Mean([.. scores.Select(score => score.RougeL)]),
        PrecisionRecall.Mean([.. scores.Select(score => score.RougeLsum)]));

    private static PrecisionRecall Better(PrecisionRecall a, PrecisionRecall b) => b.F1 > a.F1 ? b : a;
}
