using LlmCourse.Evaluation;
using LlmCourse.Evaluation.Text;

namespace LlmCourse.Tests.Evaluation;

public sealed class TerTests
{
    [Theory]
    [InlineData("a b c d", "a b c d", 0)]
    [InlineData("a b x d", "a b c d", 1)] // replaced
    [InlineData("a b d", "a b c d", 1)] // inserted
    [InlineData("a b c c d", "a b c d", 1)] // deleted
    [InlineData("d a b c", "a b c d", 1)] // one word moved, where Levenshtein needs two edits
    [InlineData("c d e a b", "a b c d e", 1)] // a group moved
    [InlineData("A b", "a b", 0)] // case does not matter
    [InlineData("", "a b", 2)]
    [InlineData("a b", "", 2)]
    [InlineData("", "", 0)]
    public void Edits(string hypothesis, string reference, int edits) => Assert.Equal(edits, Ter.Sentence(hypothesis, [reference]).Edits);

    [Fact]
    public void The_score_divides_by_the_average_length_of_the_references()
    {
        // One edit against the second; (4 + 2) / 2 words.
        TerScore score = Ter.Sentence("a b c", ["x y z w", "a b"]);
        Assert.Equal((1, 3.0), (score.Edits, score.ReferenceLength));
        Assert.Equal(100.0 / 3, score.Score, 10);
        // Two edits for one word.
        Assert.Equal(200, Ter.Sentence("x y", ["a"]).Score, 10);
        Assert.Equal(100, Ter.Sentence("x", [""]).Score);
        // A corpus: 1 + 0 edits, 2 + 6 words.
        Assert.Equal(100.0 / 8, Ter.Corpus(["a x", "a b c d e f"], [["a b"], ["a b c d e f"]]).Score, 10);
    }

    [Fact]
    public void Never_more_edits_than_Levenshtein_nor_fewer_than_the_difference_in_length()
    {
        Random random = new(5);
        for (int round = 0; round < 300; round++)
        {
            int[] a = Words(random), b = Words(random);
            Assert.InRange(ShiftSearch.Edits(a, b), Math.Abs(a.Length - b.Length), ErrorRate.Distance(a, b));
        }

        static int[] Words(Random random) => [.. Enumerable.Range(0, random.Next(0, 20)).Select(_ => random.Next(6))];
    }

    /// <summary>The band around the diagonal is wide enough for any ratio of lengths.</summary>
    [Theory]
    [InlineData(1, 500)]
    [InlineData(500, 1)]
    [InlineData(3, 400)]
    [InlineData(200, 210)]
    public void Lengths_may_differ(int said, int expected) =>
        Assert.Equal(Math.Max(said, expected), ShiftSearch.Edits([.. Enumerable.Repeat(1, said)], [.. Enumerable.Repeat(2, expected)]));

    [Fact]
    public void Options_are_in_the_signature() => Assert.Equal(
        "nrefs:1|case:mixed|tok:tercom|norm:yes|punct:no|asian:yes|version:2.6.0",
        Ter.Sentence("a", ["a"], new() { Normalized = true, NoPunctuation = true, AsianSupport = true, CaseSensitive = true }).Signature);

    [Fact]
    public void Bad_input_is_refused()
    {
        Assert.Throws<ArgumentException>(() => Ter.Sentence("a", []));
        Assert.Throws<ArgumentException>(() => Ter.Corpus(["a"], [["a"], ["b"]]));
        Assert.Throws<ArgumentException>(() => Ter.Corpus([null!], [["a"]]));
    }
}
