using LlmCourse.Evaluation;

namespace LlmCourse.Tests.Evaluation;

public sealed class NltkBleuTests
{
    private static readonly string[] Hypothesis = "a x y b z d".Split(' ');
    private static readonly string[] Reference = "a b c d e f".Split(' ');

    /// <summary>3 of 6 words; no pair of 5, triple of 4 or quadruple of 3.</summary>
    [Theory]
    [InlineData(1, 0.1 / 5, 0.1 / 4, 0.1 / 3)]
    [InlineData(2, 1.0 / 6, 1.0 / 5, 1.0 / 4)]
    [InlineData(3, 1.0 / 2 / 5, 1.0 / 4 / 4, 1.0 / 8 / 3)]
    [InlineData(4, 1.791759469228055 / 10 / 5, 1.791759469228055 / 20 / 4, 1.791759469228055 / 40 / 3)] // ln 6 / (2^k · 5)
    public void Orders_without_a_match_are_smoothed(int method, double pairs, double triples, double quadruples) =>
        Assert.Equal(Math.Pow(0.5 * pairs * triples * quadruples, 0.25), NltkBleu.Sentence(Hypothesis, [Reference], method), 12);

    [Fact]
    public void Method_5_averages_over_neighbours()
    {
        // Before the first order stands p1 + 1: ((1.5) + 0.5 + 0) / 3 = 2/3, then (2/3 + 0 + 0) / 3 = 2/9, 2/27, 2/81.
        Assert.Equal(Math.Pow(2.0 / 3 * 2 / 9 * 2 / 27 * 2 / 81, 0.25), NltkBleu.Sentence(Hypothesis, [Reference], 5), 12);
    }

    [Fact]
    public void Method_6_extrapolates_from_the_orders_before()
    {
        // "a b c d" against "a b c e": 3/4, 2/3, 1/2, 0/1. Third: prior (2/3)² / (3/4) = 16/27, (1 + 5 · 16/27) / (2 + 5) = 107/189.
        // Fourth: prior (107/189)² / (2/3), (0 + 5 · prior) / (1 + 5).
        double third = 107.0 / 189, fourth = 5 * (third * third * 3 / 2) / 6;
        Assert.Equal(Math.Pow(3.0 / 4 * 2 / 3 * third * fourth, 0.25), NltkBleu.Sentence(["a", "b", "c", "d"], [["a", "b", "c", "e"]], 6), 12);
        Assert.Contains("three words", Assert.Throws<ArgumentException>(() => NltkBleu.Sentence(Hypothesis, [Reference], 6)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_smoothing_the_score_is_practically_zero_and_without_a_word_exactly()
    {
        Assert.Equal(1.53e-231, NltkBleu.Sentence(Hypothesis, [Reference]), 0.01e-231);
        Assert.Equal(0, NltkBleu.Sentence(["x"], [Reference]));
        Assert.Equal(0, NltkBleu.Sentence([], [Reference]));
        Assert.Equal(1, NltkBleu.Sentence(Reference, [Reference]));
    }

    [Fact]
    public void A_corpus_adds_up_before_it_divides()
    {
        // Words 1 + 2 of 2 + 2, pairs 0 + 1 of 1 + 1; lengths 4 against 2 + 2.
        double score = NltkBleu.Corpus([["a", "x"], ["c", "d"]], [[["a", "b"]], [["c", "d"]]], weights: [0.5, 0.5]);
        Assert.Equal(Math.Sqrt(3.0 / 4 * 1 / 2), score, 12);
    }

    [Fact]
    public void Bad_input_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => NltkBleu.Sentence(["a"], [["a"]], smoothing: 8));
        Assert.Throws<ArgumentException>(() => NltkBleu.Sentence(["a"], [["a"]], weights: []));
        Assert.Throws<ArgumentException>(() => NltkBleu.Sentence(["a"], []));
        Assert.Throws<ArgumentException>(() => NltkBleu.Sentence([null!], [["a"]]));
        Assert.Throws<ArgumentException>(() => NltkBleu.Corpus([["a"], ["b"]], [[["a"]]]));
    }
}
