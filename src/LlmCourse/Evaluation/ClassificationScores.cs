namespace LlmCourse.Evaluation;

/// <summary>What became of every label. A share of nothing, such as the precision of a label that was never predicted, is 0.</summary>
/// <typeparam name="T">The type of a label.</typeparam>
public sealed class ClassificationScores<T>
    where T : notnull
{
    private readonly Dictionary<T, int> _places = [];
    private readonly double[,] _counts;
    private readonly double[] _support;
    private readonly double[] _predicted;
    private readonly PrecisionRecall[] _scores;

    internal ClassificationScores(IReadOnlyList<T> predictions, IReadOnlyList<T> references, IReadOnlyList<double>? weights)
    {
        T[] labels = [.. references.Concat(predictions).Distinct()];
        if (labels is string[] texts)
            Array.Sort(texts, StringComparer.Ordinal);
        else if (labels[0] is IComparable<T> or IComparable)
            Array.Sort(labels);
        Labels = labels.AsReadOnly();
        for (int i = 0; i < labels.Length; i++)
            _places.Add(labels[i], i);

        _counts = new double[labels.Length, labels.Length];
        _support = new double[labels.Length];
        _predicted = new double[labels.Length];
        for (int i = 0; i < predictions.Count; i++)
        {
            (int right, int said, double weight) = (_places[references[i]], _places[predictions[i]], weights?[i] ?? 1);
            _counts[right, said] += weight;
            _support[right] += weight;
            _predicted[said] += weight;
        }

        _scores = [.. Enumerable.Range(0, labels.Length).Select(i => PrecisionRecall.Of(_counts[i, i], _predicted[i], _support[i]))];
        double total = _support.Sum(), hits = Enumerable.Range(0, labels.Length).Sum(i => _counts[i, i]);
        Accuracy = total > 0 ? hits / total : 0;
        Micro = PrecisionRecall.Of(hits, total, total);
        Macro = PrecisionRecall.Mean(_scores);
        Weighted = total > 0 ? Average(total) : default;
        Matthews = Correlation(hits, total);
    }

    /// <summary>Every label that was right or predicted somewhere: in order where they have one, else by first appearance.</summary>
    public IReadOnlyList<T> Labels { get; }

    /// <summary>The share of right predictions.</summary>
    public double Accuracy { get; }

    /// <summary>
    /// Matthews' correlation coefficient, for several classes Gorodkin's ("Comparing two K-category assignments by a
    /// K-category correlation coefficient", 2004): 1 is perfect, 0 no better than chance, also where there is only one class.
    /// </summary>
    public double Matthews { get; }

    /// <summary>All decisions together. As every example has exactly one label, all three are the accuracy.</summary>
    public PrecisionRecall Micro { get; }

    /// <summary>The average over labels, each counting the same.</summary>
    public PrecisionRecall Macro { get; }

    /// <summary>The average over labels, each counting as often as it is right.</summary>
    public PrecisionRecall Weighted { get; }

    /// <summary>One label against all others: the scores of a yes-or-no task when it is "yes".</summary>
    /// <param name="label">One of <see cref="Labels"/>.</param>
    /// <returns>Its precision, recall and F1.</returns>
    /// <exception cref="ArgumentException">The label occurs nowhere.</exception>
    public PrecisionRecall Of(T label) => _scores[Place(label)];

    /// <summary>How often a label is right, by weight.</summary>
    /// <param name="label">One of <see cref="Labels"/>.</param>
    /// <returns>The number of its examples.</returns>
    /// <exception cref="ArgumentException">The label occurs nowhere.</exception>
    public double Support(T label) => _support[Place(label)];

    /// <summary>One cell of the confusion matrix.</summary>
    /// <param name="reference">What was right.</param>
    /// <param name="prediction">What was said.</param>
    /// <returns>How many examples, by weight.</returns>
    /// <exception cref="ArgumentException">A label occurs nowhere.</exception>
    public double Count(T reference, T prediction) => _counts[Place(reference), Place(prediction)];

    private int Place(T label) => _places.TryGetValue(label, out int place)
        ? place
        : throw new ArgumentException($"No example has the label '{label}', and none was given it. There are: {string.Join(", ", Labels)}.", nameof(label));

    private PrecisionRecall Average(double total)
    {
        (double precision, double recall, double f1) = (0, 0, 0);
        for (int i = 0; i < _scores.Length; i++)
        {
            double share = _support[i] / total;
            (precision, recall, f1) = (precision + (share * _scores[i].Precision), recall + (share * _scores[i].Recall), f1 + (share * _scores[i].F1));
        }

        return new PrecisionRecall(precision, recall, f1);
    }

    private double Correlation(double hits, double total)
    {
        (double product, double predicted, double right) = (0, 0, 0);
        for (int i = 0; i < _support.Length; i++)
        {
            product += _support[i] * _predicted[i];
            predicted += _predicted[i] * _predicted[i];
            right += _support[i] * _support[i];
        }

        double spread = Math.Sqrt(((total * total) - predicted) * ((total * total) - right));
        return spread > 0 ? ((hits * total) - product) / spread : 0;
    }
}
