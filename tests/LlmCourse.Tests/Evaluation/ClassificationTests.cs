using LlmCourse.Evaluation;

namespace LlmCourse.Tests.Evaluation;

public sealed class ClassificationTests
{
    // Right and said: pos pos, pos neg, neg neg, neg neg, neu pos. Counts of "pos": 1 right of 2 said and of 2 that are.
    private static readonly string[] References = ["pos", "pos", "neg", "neg", "neu"];
    private static readonly string[] Predictions = ["pos", "neg", "neg", "neg", "pos"];

    [Fact]
    public void Each_label_and_all_of_them()
    {
        ClassificationScores<string> scores = Classification.Score(Predictions, References);
        Assert.Equal(["neg", "neu", "pos"], scores.Labels);
        Assert.Equal(new PrecisionRecall(0.5, 0.5, 0.5), scores.Of("pos"));
        Assert.Equal((2.0 / 3, 1), (scores.Of("neg").Precision, scores.Of("neg").Recall));
        Assert.Equal(0.8, scores.Of("neg").F1, 15);
        Assert.Equal(default, scores.Of("neu")); // never said
        Assert.Equal(0.6, scores.Accuracy);
        Assert.Equal((0.6, 0.6), (scores.Micro.Precision, scores.Micro.Recall));
        Assert.Equal((0.8 + 0 + 0.5) / 3, scores.Macro.F1, 15);
        Assert.Equal((0.8 * 2 + 0 + 0.5 * 2) / 5, scores.Weighted.F1, 15);
        Assert.Equal((1, 0, 1, 2), (scores.Count("neu", "pos"), scores.Count("pos", "neu"), scores.Count("pos", "neg"), scores.Support("pos")));
        // s = 5, c = 3, right 2 1 2, said 3 0 2: (15 − 10) / √((25 − 13)(25 − 9)) = 5 / √192.
        Assert.Equal(5 / Math.Sqrt(192), scores.Matthews, 15);
    }

    [Fact]
    public void Weights_count_examples_more()
    {
        ClassificationScores<string> scores = Classification.Score(Predictions, References, [4, 1, 1, 1, 1]);
        Assert.Equal(6.0 / 8, scores.Accuracy);
        Assert.Equal((4.0 / 5, 4.0 / 5), (scores.Of("pos").Precision, scores.Of("pos").Recall));
    }

    [Fact]
    public void Perfect_opposite_and_constant_answers()
    {
        Assert.Equal(1, Classification.Score([0, 1, 1, 0], [0, 1, 1, 0]).Matthews);
        Assert.Equal(-1, Classification.Score([1, 0, 0, 1], [0, 1, 1, 0]).Matthews);
        Assert.Equal(0, Classification.Score([1, 1, 1, 1], [0, 1, 1, 0]).Matthews);
        Assert.Equal(0, Classification.Score([1, 1], [1, 1]).Matthews);
    }

    [Fact]
    public void Exact_match_is_the_accuracy_of_whole_answers() => Assert.Equal(2.0 / 3, Classification.Accuracy(["Paris", "4", "yes"], ["Paris", "4", "Yes"]));

    [Fact]
    public void Labels_without_an_order_stand_as_they_appear()
    {
        object first = new(), second = new();
        Assert.Equal([second, first], Classification.Score([first, first], [second, first]).Labels);
    }

    [Fact]
    public void Bad_input_is_refused()
    {
        Assert.Throws<ArgumentException>(() => Classification.Score([1], [1, 2]));
        Assert.Throws<ArgumentException>(() => Classification.Score<int>([], []));
        Assert.Throws<ArgumentException>(() => Classification.Score([1], [1], [-1]));
        Assert.Throws<ArgumentException>(() => Classification.Score([1], [1], [1, 1]));
        Assert.Throws<ArgumentException>(() => Classification.Score([null!], ["a"]));
        Assert.Contains("There are: 1", Assert.Throws<ArgumentException>(() => Classification.Score([1], [1]).Of(2)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Classification.Accuracy([1], [1, 2]));
    }
}
