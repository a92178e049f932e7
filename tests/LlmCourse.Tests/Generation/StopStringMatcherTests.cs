using LlmCourse.Generation;

namespace LlmCourse.Tests.Generation;

public sealed class StopStringMatcherTests
{
    [Theory]
    [InlineData("one two\nthree", "one two", "\n", new[] { "\n" })]
    [InlineData("abab!abac", "abab!", "abac", new[] { "abac" })]
    [InlineData("aaab", "a", "aab", new[] { "aab" })]
    [InlineData("xxENDyy", "xx", "END", new[] { "STOP", "END" })]
    [InlineData("xabc", "x", "abc", new[] { "c", "abc", "bc" })]
    [InlineData("xabc", "x", "ab", new[] { "abc", "ab" })]
    [InlineData("EN END", "EN ", "END", new[] { "END" })]
    [InlineData("never EN", "never EN", null, new[] { "END" })]
    [InlineData("nothing to find", "nothing to find", null, new string[0])]
    [InlineData("Ende 😀 gut", "Ende ", "😀", new[] { "😀" })]
    public void The_text_ends_before_the_stop_string_however_it_is_cut(string text, string shown, string? found, string[] stops)
    {
        for (int size = 1; size <= text.Length; size++)
        {
            StopStringMatcher matcher = new(stops);
            string given = string.Concat(text.Chunk(size).Select(piece => matcher.Append(new string(piece)))) + matcher.Flush();
            Assert.Equal(shown, given);
            Assert.Equal(found, matcher.Found);
        }
    }

    [Fact]
    public void Only_what_may_be_a_beginning_is_held_back()
    {
        StopStringMatcher matcher = new(["\n\nQ:"]);
        Assert.Equal("Yes", matcher.Append("Yes\n"));
        Assert.Equal("", matcher.Append("\n"));
        Assert.Equal("\n", matcher.Append("\nQ"));
        Assert.Equal("\n\nQuite", matcher.Append("uite"));
        Assert.Equal("", matcher.Append("\n\nQ:"));
        Assert.Equal("", matcher.Append("more"));
        Assert.Equal("", matcher.Flush());
    }
}
