using LlmCourse.Evaluation;

namespace LlmCourse.Tests.Evaluation;

public sealed class MetricsTests
{
    private static readonly string[] Predictions = ["the cat sat on the mat", "hello there", "a b c"];
    private static readonly string[][] References = [["the cat sat on a mat"], ["hello, there you are"], ["a b d"]];

    [Fact]
    public void Figures_of_a_corpus_are_those_of_the_functions()
    {
        string[] first = [.. References.Select(all => all[0])];
        Assert.Equal(Bleu.Corpus(Predictions, first).Score, One(Metrics.Bleu).Value, 1e-9);
        Assert.Equal(Bleu.Sentence(Predictions[0], References[0]).Score, One(Metrics.Bleu).Examples[0], 1e-9);
        Assert.Equal(Chrf.Corpus(Predictions, References).Score, One(Metrics.Chrf).Value, 1e-9);
        Assert.Equal(Chrf.Sentence(Predictions[1], References[1]).Score, One(Metrics.Chrf).Examples[1], 1e-9);
        Assert.Equal("chrF2++", One(Metrics.ChrfWith(new ChrfOptions { WordOrder = 2 })).Name);
        Assert.Equal(Ter.Corpus(Predictions, References).Score, One(Metrics.Ter).Value, 1e-9);
        Assert.Equal(ErrorRate.Words(Predictions, first), One(Metrics.WordErrorRate).Value, 1e-12);
        Assert.Equal(ErrorRate.Characters(Predictions, first), One(Metrics.CharacterErrorRate).Value, 1e-12);
        RougeScores mean = Rouge.Mean(Rouge.ScoreAll(Predictions, first));
        Assert.Equal([mean.Rouge1.F1, mean.Rouge2.F1, mean.RougeL.F1, mean.RougeLsum.F1], Metrics.Rouge.Score(Predictions, References).Select(scores => scores.Value));
        Assert.Equal(["ROUGE-1", "ROUGE-2", "ROUGE-3", "ROUGE-L", "ROUGE-Lsum"], Metrics.RougeWith(new RougeOptions { MaxOrder = 3 }).Score(Predictions, References).Select(scores => scores.Name));
    }

    [Fact]
    public void Rates_add_up_before_they_divide()
    {
        MetricScores words = One(Metrics.WordErrorRate);
        // One of 6 replaced; "hello" → "hello," and two words missing of 4; one of 3.
        Assert.Equal([1 / 6.0, 3 / 4.0, 1 / 3.0], words.Examples);
        Assert.Equal(5 / 13.0, words.Value, 1e-12);
        Assert.Equal(2 / 9.0, words.Of([0, 2]), 1e-12);
        Assert.True(words.LowerIsBetter);
        MetricScores nearest = Metrics.WordErrorRate.Score(["a b"], [["x", "a c", "a b c d e"]])[0];
        Assert.Equal(0.5, nearest.Value); // one of two, against two of one and three of five
        Assert.Equal(2, Metrics.WordErrorRate.Score(["a b"], [[""]])[0].Value); // two too many where nothing should be
    }

    [Fact]
    public void Answers_are_right_by_normalised_or_by_exact_comparison()
    {
        string[] predictions = ["The Broncos!", "Broncos"];
        string[][] references = [["Denver", "broncos"], ["Broncos"]];
        Assert.Equal([1.0, 1], Metrics.ExactMatch.Score(predictions, references)[0].Examples);
        Assert.Equal([0.0, 1], Metrics.SameText.Score(predictions, references)[0].Examples);
        Assert.Equal(1, Metrics.F1.Score(predictions, references)[0].Value);
    }

    [Fact]
    public void Only_one_figure_of_the_same_examples_can_be_compared()
    {
        MetricScores scores = MetricScores.Mean("m", [1, 0, 1]);
        Assert.Equal(1 / 3.0, scores.CompareWith(MetricScores.Mean("m", [1, 1, 1])).Difference.Value, 1e-12);
        Assert.ThrowsAny<ArgumentException>(() => scores.CompareWith(MetricScores.Mean("m", [1])));
        Assert.ThrowsAny<ArgumentException>(() => scores.CompareWith(MetricScores.Mean("n", [1, 1, 1])));
        Assert.ThrowsAny<ArgumentException>(() => MetricScores.Mean("m", []));
        Assert.ThrowsAny<ArgumentException>(() => Metrics.Rouge.Score([], []));
        Assert.ThrowsAny<ArgumentException>(() => Metrics.Rouge.Score(["a"], [[]]));
        Assert.ThrowsAny<ArgumentException>(() => Metrics.Bleu.Score(["a", "b"], [["a"], ["a", "b"]]));
    }

    private static MetricScores One(Metric metric) => Assert.Single(metric.Score(Predictions, References));
}
