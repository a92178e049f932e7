using LlmCourse.Evaluation;
using LlmCourse.Evaluation.Text;

namespace LlmCourse.Tests.Evaluation.Text;

public sealed class TranslationTokenizerTests
{
    [Theory]
    [InlineData("It costs $1,234.56.", "It costs $ 1,234.56 .")]
    [InlineData("a.b, c", "a . b , c")]
    [InlineData("1990-95 and ex-wife", "1990 - 95 and ex-wife")]
    [InlineData("1.. 2", "1 . . 2")]
    [InlineData("AT&amp;T &quot;won&quot;", "AT & T \" won \"")]
    [InlineData("<skipped>hyphen-\nated\nword", "hyphenated word")]
    [InlineData("don't", "don't")]
    [InlineData("naïve – ½", "naïve – ½")]
    public void Western_words(string text, string words) => AssertWords(words.Split(' '), text, BleuTokenizer.Western13a);

    [Theory]
    [InlineData("naïve—text, ½€.", "naïve — text , ½ € .")]
    [InlineData("1,000 am 5.", "1,000 am 5.")] // a full stop right behind a number at the end stays with it
    public void International_words(string text, string words) => AssertWords(words.Split(' '), text, BleuTokenizer.International);

    [Fact]
    public void Characters_are_code_points() => AssertWords(["a", "b", "😀"], "ab 😀", BleuTokenizer.Characters);

    [Fact]
    public void Chinese_words() => AssertWords(["价", "格", "is", "1,000.5", "元", "."], "价格is 1,000.5元.", BleuTokenizer.Chinese);

    [Fact]
    public void Blanks_alone() => AssertWords(["a.b,", "c"], "a.b, \u001C\u3000c", BleuTokenizer.None);

    /// <summary>The fast way, word by word, against the passes over the whole text, on texts of nothing but difficult characters.</summary>
    [Fact]
    public void Word_by_word_equals_the_passes_of_the_script()
    {
        const string difficult = "a1.,- \t\"'/&;(é。";
        Random random = new(3);
        for (int round = 0; round < 3000; round++)
        {
            string text = new([.. Enumerable.Range(0, random.Next(0, 14)).Select(_ => difficult[random.Next(difficult.Length)])]);
            AssertWords(WhiteSpace.Split(TranslationTokenizer.SeparatePunctuation($" {text} ")), text, BleuTokenizer.Western13a);
        }
    }

    [Theory]
    [InlineData("Mr. Smith's \"dog\"", true, false, false, "Mr . Smith 's \" dog \"")]
    [InlineData("Hi, you (there)!", false, true, false, "Hi you there")]
    [InlineData("你好。a", true, false, true, "你 好 。 a")]
    [InlineData("你好。a", true, true, true, "你 好 a")]
    [InlineData("你好。a", false, false, true, "你好。a")]
    public void Tercoms_words(string text, bool normalized, bool noPunctuation, bool asian, string words) =>
        Assert.Equal(words.Split(' '), WhiteSpace.Split(TercomTokenizer.Rewrite(text, normalized, noPunctuation, asian)));

    /// <summary>Equal words have equal ids.</summary>
    private static void AssertWords(string[] words, string text, BleuTokenizer tokenizer)
    {
        WordIds ids = new();
        int[] expected = [.. words.Select(word => ids.Of(word))];
        List<int> found = [];
        Bleu.AddWords(text, tokenizer, ids, found);
        Assert.Equal(expected, found);
    }
}
