using LlmCourse.Generation;

namespace LlmCourse.Tests.Generation;

public sealed class PromptLookupTests
{
    [Theory]
    [InlineData(new[] { 1, 2, 3, 4, 1, 2 }, 2, 3, new[] { 3, 4, 1 })]
    [InlineData(new[] { 1, 2, 3, 4, 1, 2 }, 2, 9, new[] { 3, 4, 1, 2 })]
    [InlineData(new[] { 1, 2, 3, 9, 2, 8, 1, 2 }, 2, 1, new[] { 3 })] // both tokens before one of them
    [InlineData(new[] { 1, 2, 3, 9, 2, 8, 1, 2 }, 1, 1, new[] { 8 })] // the last place
    [InlineData(new[] { 1, 2, 9, 2 }, 2, 1, new[] { 9 })] // no "9 2" before: "2" alone
    [InlineData(new[] { 5, 5, 5 }, 2, 2, new[] { 5 })]
    [InlineData(new[] { 1, 2, 3 }, 2, 5, new int[0])]
    [InlineData(new[] { 1, 1 }, 2, 0, new int[0])]
    [InlineData(new[] { 1 }, 2, 3, new int[0])]
    public void What_stood_behind_the_last_tokens(int[] tokens, int largest, int count, int[] expected) =>
        Assert.Equal(expected, PromptLookup.Propose(tokens, tokens, largest, count));

    [Fact]
    public void What_an_encoder_has_read_counts_as_well() => Assert.Equal([6, 0], PromptLookup.Propose([0, 5], [4, 5, 6, 0, 5], 2, 2));
}
