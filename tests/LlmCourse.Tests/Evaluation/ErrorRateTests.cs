using LlmCourse.Evaluation;

namespace LlmCourse.Tests.Evaluation;

public sealed class ErrorRateTests
{
    [Theory]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("", "abc", 3)]
    [InlineData("abc", "", 3)]
    [InlineData("abc", "abc", 0)]
    [InlineData("ab", "ba", 2)]
    public void Distance(string prediction, string reference, int edits) => Assert.Equal(edits, ErrorRate.Distance(prediction.ToCharArray(), reference.ToCharArray()));

    [Fact]
    public void Rates_add_up_before_they_divide()
    {
        // 1 of 2 words and 0 of 4: 1/6, not the average of 1/2 and 0.
        Assert.Equal(1.0 / 6, ErrorRate.Words(["a x", "a  b c d"], ["a b", "a b c d"]));
        // "😀" is one character: 1 of 2.
        Assert.Equal(0.5, ErrorRate.Characters(["😀a"], ["😀b"]));
        // K AE T against K AA T S: 2 of 4 phonemes.
        Assert.Equal(0.5, ErrorRate.Tokens<string>([["K", "AE", "T"]], [["K", "AA", "T", "S"]]));
        Assert.Equal(3, ErrorRate.Words(["x y z"], ["a"]));
        Assert.Equal(0, ErrorRate.Words([""], [" "]));
    }

    [Fact]
    public void A_distance_is_the_same_both_ways_and_no_way_round_is_shorter()
    {
        Random random = new(6);
        for (int round = 0; round < 300; round++)
        {
            (int[] a, int[] b, int[] c) = (Tokens(random), Tokens(random), Tokens(random));
            int direct = ErrorRate.Distance(a, b);
            Assert.Equal(direct, ErrorRate.Distance(b, a));
            Assert.InRange(direct, Math.Abs(a.Length - b.Length), Math.Max(a.Length, b.Length));
            Assert.True(direct <= ErrorRate.Distance(a, c) + ErrorRate.Distance(c, b));
        }

        static int[] Tokens(Random random) => [.. Enumerable.Range(0, random.Next(0, 12)).Select(_ => random.Next(3))];
    }

    [Fact]
    public void Bad_input_is_refused()
    {
        Assert.Throws<ArgumentException>(() => ErrorRate.Words(["a"], [""]));
        Assert.Throws<ArgumentException>(() => ErrorRate.Words(["a"], ["a", "b"]));
        Assert.Throws<ArgumentException>(() => ErrorRate.Characters([null!], ["a"]));
        Assert.Throws<ArgumentException>(() => ErrorRate.Characters([], []));
    }
}
