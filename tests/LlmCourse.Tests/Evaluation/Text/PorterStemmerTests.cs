using LlmCourse.Evaluation.Text;

namespace LlmCourse.Tests.Evaluation.Text;

public sealed class PorterStemmerTests
{
    /// <summary>Examples of the paper, followed through all its steps.</summary>
    [Theory]
    [InlineData("caresses", "caress")]
    [InlineData("ponies", "poni")]
    [InlineData("cats", "cat")]
    [InlineData("feed", "feed")] // m("f") = 0
    [InlineData("plastered", "plaster")]
    [InlineData("bled", "bled")] // "bl" has no vowel
    [InlineData("motoring", "motor")]
    [InlineData("hopping", "hop")]
    [InlineData("falling", "fall")]
    [InlineData("filing", "file")] // "fil" is a short syllable: the e comes back
    [InlineData("relational", "relat")] // ational → ate, then e goes
    [InlineData("rational", "ration")] // tional → tion: m("r") = 0 stops "ational", so that the suffix stays until "al" goes
    [InlineData("vietnamization", "vietnam")]
    [InlineData("adoption", "adopt")]
    [InlineData("oscillators", "oscil")]
    [InlineData("controll", "control")]
    public void Takes_endings_off(string word, string stem) => Assert.Equal(stem, PorterStemmer.Stem(word));

    [Theory]
    [InlineData("dying", "die")]
    [InlineData("skies", "sky")]
    [InlineData("ties", "tie")] // four letters
    [InlineData("tried", "tri")]
    [InlineData("died", "die")]
    [InlineData("enjoy", "enjoy")] // y after a vowel stays
    [InlineData("fly", "fli")]
    [InlineData("is", "is")]
    public void Has_NLTKs_extensions(string word, string stem) => Assert.Equal(stem, PorterStemmer.Stem(word));

    [Fact]
    public void The_original_and_Martins_changes_differ()
    {
        Assert.Equal(("enjoi", "enjoi", "enjoy"), All("enjoy"));
        Assert.Equal(("i", "is", "is"), All("is"));
        Assert.Equal(("archaeologi", "archaeolog", "archaeolog"), All("archaeology"));

        static (string, string, string) All(string word) =>
            (PorterStemmer.Stem(word, PorterMode.Original), PorterStemmer.Stem(word, PorterMode.Martin), PorterStemmer.Stem(word));
    }

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("ss")]
    [InlineData("ies")]
    [InlineData("ing")]
    [InlineData("日本語です")]
    public void Any_text_has_a_stem_no_longer_than_itself(string word) => Assert.True(PorterStemmer.Stem(word).Length <= word.Length);

    [Fact]
    public void A_very_long_word_is_no_trouble() => Assert.Equal(100_000, PorterStemmer.Stem(new string('y', 100_000)).Length);
}
