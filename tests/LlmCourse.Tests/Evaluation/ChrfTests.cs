using LlmCourse.Evaluation;

namespace LlmCourse.Tests.Evaluation;

public sealed class ChrfTests
{
    [Fact]
    public void Recall_weighs_more_than_precision()
    {
        // "abc" against "abcdef", single characters: P = 1, R = 1/2. F2 = 5 · ½ / (4 + ½) = 5/9, F1 = 2/3.
        Assert.Equal(100 * 5.0 / 9, Chrf.Sentence("abc", ["abcdef"], new() { CharacterOrder = 1 }).Score, 10);
        Assert.Equal(100 * 2.0 / 3, Chrf.Sentence("abc", ["abcdef"], new() { CharacterOrder = 1, Beta = 1 }).Score, 10);
    }

    [Fact]
    public void Words_count_in_chrF_plus_plus()
    {
        // Characters: all six of six (blanks left out). Words: "ab", "cd", "ef." splits into "ef" and "."; "abc" "def" "." has one
        // of three. P and R averaged over both orders: characters (7/7), words 1/4 and 1/3.
        ChrfScore score = Chrf.Sentence("ab cd ef.", ["abc def."], new() { CharacterOrder = 1, WordOrder = 1, Beta = 1 });
        double precision = (1 + (1.0 / 4)) / 2, recall = (1 + (1.0 / 3)) / 2;
        Assert.Equal(100 * 2 * precision * recall / (precision + recall), score.Score, 10);
        Assert.Equal("chrF1+", score.Name);
    }

    [Fact]
    public void Blanks_count_when_asked()
    {
        Assert.Equal(100, Chrf.Sentence("ab", ["a b"]).Score, 10);
        Assert.True(Chrf.Sentence("ab", ["a b"], new() { Whitespace = true }).Score < 100);
    }

    [Fact]
    public void Of_several_references_the_best_counts() => Assert.Equal(100, Chrf.Sentence("same", ["other", "same"]).Score, 10);

    [Theory]
    [InlineData("", "")]
    [InlineData("", "a")]
    [InlineData("a", "")]
    [InlineData("a", "b")]
    public void Nothing_in_common_is_zero(string hypothesis, string reference) => Assert.Equal(0, Chrf.Sentence(hypothesis, [reference]).Score);

    [Fact]
    public void Characters_are_code_points() => Assert.Equal(100 * 0.5, Chrf.Sentence("😀a", ["😀b"], new() { CharacterOrder = 1 }).Score, 10);

    [Fact]
    public void Bad_input_is_refused()
    {
        Assert.Contains("CharacterOrder", Assert.Throws<ArgumentOutOfRangeException>(() => Chrf.Sentence("a", ["a"], new() { CharacterOrder = 0 })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Chrf.Sentence("a", ["a"], new() { Beta = 0 }));
        Assert.Throws<ArgumentException>(() => Chrf.Corpus(["a", "b"], [["a"], ["b", "c"]]));
        Assert.Throws<ArgumentException>(() => Chrf.Sentence("a", []));
    }
}
