using LlmCourse.Generation;

namespace LlmCourse.Tests.Generation;

public sealed class TokenPatternsTests
{
    [Theory]
    [InlineData(1, new[] { 1, 2, 1, 3 }, new[] { 1, 2, 1, 3 })] // whatever stands there
    [InlineData(2, new[] { 1, 2, 1, 3, 1 }, new[] { 2, 3 })] // what stood behind a 1
    [InlineData(3, new[] { 1, 2, 3, 1, 2 }, new[] { 3 })]
    [InlineData(3, new[] { 1, 2 }, new int[0])] // no run of three yet
    [InlineData(4, new[] { 1, 2 }, new int[0])] // fewer than the three before the next
    [InlineData(2, new[] { 5, 5 }, new[] { 5 })]
    public void What_would_repeat_a_run(int size, int[] tokens, int[] expected) => Assert.Equal(expected, TokenPatterns.Repeating(tokens, tokens, size));

    [Fact]
    public void What_would_copy_a_run_of_another_text()
    {
        Assert.Equal([8, 9], TokenPatterns.Repeating([4, 7], [7, 8, 7, 9, 4], 2));
        Assert.Empty(TokenPatterns.Repeating([7], [7, 8, 9], 3));
    }

    [Theory]
    [InlineData(new[] { 5 }, true)]
    [InlineData(new[] { 3, 5 }, true)]
    [InlineData(new[] { 2, 3, 5 }, true)]
    [InlineData(new[] { 2, 5 }, false)]
    [InlineData(new[] { 0, 1, 2, 3, 5 }, false)] // longer than the row
    public void A_sequence_that_the_next_token_would_complete(int[] sequence, bool expected) => Assert.Equal(expected, TokenPatterns.Completes([1, 2, 3], sequence));
}
