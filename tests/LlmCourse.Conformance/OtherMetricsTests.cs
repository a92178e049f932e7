using System.Text.Json;
using LlmCourse.Evaluation;

namespace LlmCourse.Conformance;

/// <summary>Classification against scikit-learn, correlations against SciPy, SQuAD's scores, perplexity from summed losses.</summary>
[Trait("Kind", "Metrics")]
public sealed class OtherMetricsTests
{
    public static TheoryData<string> Classifications() => MetricsFiles.Entries("other.json", "classification", "cases");

    public static TheoryData<string> Rankings() => MetricsFiles.Sections("other.json", "roc_auc");

    public static TheoryData<string> Correlations() => MetricsFiles.Sections("other.json", "correlation");

    public static TheoryData<string> Answers() => MetricsFiles.Entries("other.json", "squad", "cases");

    public static TheoryData<string> AllAnswers() => MetricsFiles.Sections("other.json", "squad");

    public static TheoryData<string> Perplexities() => MetricsFiles.Entries("other.json", "perplexity", "cases");

    [SkippableTheory]
    [MemberData(nameof(Classifications))]
    public void Labels(string name)
    {
        JsonElement entry = MetricsFiles.Of(name), perClass = entry.GetProperty("per_class");
        double[]? weights = entry.TryGetProperty("sample_weight", out JsonElement given) ? given.Doubles() : null;
        int[] predictions = entry.GetProperty("predictions").Ints(), references = entry.GetProperty("references").Ints();
        ClassificationScores<int> scores = Classification.Score(predictions, references, weights);
        MetricsFiles.Near(entry.GetProperty("accuracy").GetDouble(), scores.Accuracy, "accuracy");
        MetricsFiles.Near(entry.GetProperty("matthews_correlation").GetDouble(), scores.Matthews, "matthews_correlation");
        Near(entry.GetProperty("micro"), scores.Micro, "micro");
        Near(entry.GetProperty("macro"), scores.Macro, "macro");
        Near(entry.GetProperty("weighted"), scores.Weighted, "weighted");
        if (entry.TryGetProperty("binary", out JsonElement binary))
            Near(binary, scores.Of(1), "binary");

        // The reference counted its labels without weights.
        scores = Classification.Score(predictions, references);
        MetricsFiles.Near(scores.Accuracy, Classification.Accuracy(predictions, references), "unweighted accuracy");
        Assert.Equal(perClass.GetProperty("labels").Ints(), scores.Labels);
        MetricsFiles.Near(perClass.GetProperty("precision").Doubles(), [.. scores.Labels.Select(label => scores.Of(label).Precision)], "precision");
        MetricsFiles.Near(perClass.GetProperty("recall").Doubles(), [.. scores.Labels.Select(label => scores.Of(label).Recall)], "recall");
        MetricsFiles.Near(perClass.GetProperty("f1").Doubles(), [.. scores.Labels.Select(label => scores.Of(label).F1)], "f1");
        MetricsFiles.Near(perClass.GetProperty("support").Doubles(), [.. scores.Labels.Select(scores.Support)], "support");
        JsonElement[] rows = [.. entry.GetProperty("confusion_matrix").EnumerateArray()];
        for (int i = 0; i < rows.Length; i++)
            MetricsFiles.Near(rows[i].Doubles(), [.. scores.Labels.Select(label => scores.Count(scores.Labels[i], label))], $"confusion_matrix[{i}]");
    }

    [SkippableTheory]
    [MemberData(nameof(Rankings))]
    public void Scores_of_positive_and_negative_examples(string name)
    {
        JsonElement entry = MetricsFiles.Of(name);
        double[] scores = entry.GetProperty("scores").Doubles();
        bool[] positive = [.. entry.GetProperty("labels").Ints().Select(label => label == 1)];
        MetricsFiles.Near(entry.GetProperty("roc_auc").GetDouble(), Ranking.RocAuc(scores, positive), "roc_auc");
        MetricsFiles.Near(entry.GetProperty("average_precision").GetDouble(), Ranking.AveragePrecision(scores, positive), "average_precision");
    }

    [SkippableTheory]
    [MemberData(nameof(Correlations))]
    public void Correlation(string name)
    {
        JsonElement entry = MetricsFiles.Of(name);
        double[] x = entry.GetProperty("x").Doubles(), y = entry.GetProperty("y").Doubles();
        MetricsFiles.Near(entry.GetProperty("pearson").GetDouble(), Ranking.Pearson(x, y), "pearson");
        MetricsFiles.Near(entry.GetProperty("spearman").GetDouble(), Ranking.Spearman(x, y), "spearman");
    }

    [SkippableTheory]
    [MemberData(nameof(Answers))]
    public void An_answer(string name)
    {
        JsonElement entry = MetricsFiles.Of(name);
        string prediction = entry.GetProperty("prediction").GetString()!;
        string[] answers = entry.GetProperty("answers").Strings();
        Assert.Equal(entry.GetProperty("normalized_prediction").GetString(), Squad.Normalize(prediction));
        Assert.Equal(entry.GetProperty("normalized_answers").Strings(), answers.Select(Squad.Normalize));
        MetricsFiles.Near(entry.GetProperty("exact").GetDouble(), Squad.ExactMatch(prediction, answers), "exact");
        MetricsFiles.Near(entry.GetProperty("f1").GetDouble(), Squad.F1(prediction, answers), "f1");
    }

    [SkippableTheory]
    [MemberData(nameof(AllAnswers))]
    public void Answers_on_average(string name)
    {
        JsonElement entry = MetricsFiles.Of(name);
        (string Prediction, string[] Answers)[] cases =
            [.. entry.GetProperty("cases").EnumerateArray().Select(item => (item.GetProperty("prediction").GetString()!, item.GetProperty("answers").Strings()))];
        MetricsFiles.Near(entry.GetProperty("mean_exact").GetDouble(), cases.Average(item => Squad.ExactMatch(item.Prediction, item.Answers)), "mean_exact");
        MetricsFiles.Near(entry.GetProperty("mean_f1").GetDouble(), cases.Average(item => Squad.F1(item.Prediction, item.Answers)), "mean_f1");
    }

    /// <summary>The losses are given with six digits: from their sum, as from the mean, to what that rounding allows.</summary>
    [SkippableTheory]
    [MemberData(nameof(Perplexities))]
    public void Perplexity_of_summed_losses(string name)
    {
        JsonElement entry = MetricsFiles.Of(name);
        double[] losses = entry.GetProperty("nll_per_token").Doubles();
        double expected = entry.GetProperty("perplexity").GetDouble();
        double fromMean = Perplexity.Of(entry.GetProperty("mean_nll").GetDouble() * losses.Length, losses.Length);
        Assert.Equal(1, fromMean / expected, 1e-9);
        Assert.Equal(1, Perplexity.Of(losses.Sum(), losses.Length) / expected, 1e-6);
    }

    private static void Near(JsonElement expected, PrecisionRecall found, string what) => MetricsFiles.Near(
        [expected.GetProperty("precision").GetDouble(), expected.GetProperty("recall").GetDouble(), expected.GetProperty("f1").GetDouble()],
        [found.Precision, found.Recall, found.F1],
        what);
}
