using LlmCourse.Runtime;
using LlmCourse.Tokenization.Patterns;
using LlmCourse.Tokenization.PreTokenizers;

namespace LlmCourse.Tests.Tokenization.Patterns;

public sealed class PatternTests
{
    private static string Matches(Pattern pattern, string text)
    {
        List<(int Start, int End)> found = [];
        pattern.FindAll(text, found);
        return string.Join('|', found.Select(range => text[range.Start..range.End]));
    }

    [Theory]
    [InlineData("a+?b|c{2}", "aabccc", "aab|cc")]
    [InlineData("(?<=a)b|b(?=c)", "abxbc", "b|b")]
    [InlineData("(?<!a)b", "abb", "b")]
    [InlineData("a?+a", "aab", "aa")]
    [InlineData("a++a", "aaa", "")]
    [InlineData("(?>a|ab)c", "abcac", "ac")]
    [InlineData("(a)(b)?\\1", "aabaa", "aa|aa")]
    [InlineData("(?<x>.)\\k<x>", "abba", "bb")]
    [InlineData("[a-z&&[^aeiou]]+", "hello", "h|ll")]
    [InlineData("[^[:alpha:]\\d]", "a1_b", "_")]
    [InlineData("\\p{Lu}\\p{^Lu}+", "AbCd", "Ab|Cd")]
    [InlineData("(?i)strasse|k", "STRASSE K\u212A", "STRASSE|K|\u212A")]
    [InlineData("(?i:'s)x", "'\u017Fx 'Sx 'SX", "'\u017Fx|'Sx")]
    [InlineData("(?m).+", "a\nb", "a\nb")]
    [InlineData(".+", "a\nb", "a|b")]
    [InlineData("^b$", "a\nb\nc", "b")]
    [InlineData("\\x{1F600}.", "😀😀😀", "😀😀")]
    [InlineData("\\h{2}", "fg0Ax", "0A")]
    [InlineData("\\R", "a\r\nb\u2028", "\r\n|\u2028")]
    [InlineData("\\X", "e\u0301👨‍👩‍👧", "e\u0301|👨‍👩‍👧")]
    [InlineData("(?x) a \\ b # rest", "a b", "a b")]
    [InlineData("a{,2}b", "aaab", "aab")]
    [InlineData("a{x}", "a{x}", "a{x}")]
    [InlineData("(?:)*a", "a", "a")]
    [InlineData("(a*)*b", "aab", "aab")]
    [InlineData("\\bab\\b", "ab cab ab", "ab|ab")]
    [InlineData("\\p{Han}+", "ab漢字か", "漢字")]
    [InlineData("[]a]+", "]a]", "]a]")]
    [InlineData("\\w", "\u00BD_", "\u00BD|_")] // six numbers of Latin-1 are word characters,
    [InlineData("[\\w]", "\u00BD_", "_")] // but not in brackets
    [InlineData("[^\\w]|[\\W]", "\u00BDa", "\u00BD")]
    public void A_pattern_matches_as_Oniguruma_does(string pattern, string text, string expected) =>
        Assert.Equal(expected, Matches(Pattern.Regex(pattern), text));

    [Theory]
    [InlineData("x*", "axb", 3)]
    [InlineData("", "ab", 3)]
    [InlineData("$", "a\nb", 2)]
    [InlineData("x*", "", 0)]
    public void Empty_matches_stand_between_characters_but_not_behind_a_match(string pattern, string text, int count)
    {
        List<(int Start, int End)> found = [];
        Pattern.Regex(pattern).FindAll(text, found);
        Assert.Equal(count, found.Count);
    }

    [Theory]
    [InlineData("(")]
    [InlineData("a)")]
    [InlineData("[a-")]
    [InlineData("[b-a]")]
    [InlineData("*a")]
    [InlineData("\\p{Foo}")]
    [InlineData("(?P<x>a)")]
    [InlineData("\\xDF")]
    [InlineData("\\2(a)")]
    [InlineData("\\")]
    [InlineData("a{200000}")]
    [InlineData("((a{1000}){1000}){1000}")]
    public void What_cannot_be_read_is_refused_and_quoted(string pattern) =>
        Assert.Contains(pattern, Assert.Throws<TokenizerException>(() => Pattern.Regex(pattern)).Message, StringComparison.Ordinal);

    [Fact]
    public void Nesting_has_a_limit() =>
        Assert.Throws<TokenizerException>(() => Pattern.Regex(new string('(', 10_000) + new string(')', 10_000)));

    [Theory]
    [Trait("Category", "Long")]
    [InlineData("(a+)+$")]
    [InlineData("(a|a)*b")]
    [InlineData("a*b|a*c")]
    public void A_pattern_that_would_run_for_ever_is_given_up(string pattern)
    {
        string text = new string('a', 20_000) + "!";
        Assert.Contains("limit", Assert.Throws<TokenizerException>(() => Matches(Pattern.Regex(pattern), text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_run_needs_no_stack() =>
        Assert.Equal(1_000_000, Matches(Pattern.Regex("(?:a|b)+"), new string('a', 1_000_000)).Length);

    [Fact]
    public void Gpt2s_pattern_by_hand_is_the_pattern()
    {
        Random random = new(3);
        string[] parts = ["'", "s", "ll", "re", "d", " ", "  ", "\n", "\t", "a", "é", "1", "½", "!", "?", "漢", "😀", "\u00A0", "\u3000", "𝔘", "\u0301"];
        Pattern pattern = Pattern.Regex(Gpt2Splitter.Pattern);
        for (int round = 0; round < 2000; round++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => parts[random.Next(parts.Length)]));
            List<(int Start, int End)> expected = [], found = [];
            pattern.FindAll(text, expected);
            new Gpt2Splitter().Split(text, found);
            Assert.Equal(expected, found);
        }
    }
}
