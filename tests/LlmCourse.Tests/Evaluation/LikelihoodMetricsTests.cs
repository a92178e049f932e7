using LlmCourse.Evaluation;

namespace LlmCourse.Tests.Evaluation;

/// <summary>What is made of log-likelihoods: perplexity and multiple choice.</summary>
public sealed class LikelihoodMetricsTests
{
    [Fact]
    public void Perplexity_of_a_blind_guess_is_the_number_of_choices()
    {
        Assert.Equal(50, Perplexity.Of(7 * Math.Log(50), 7), 10);
        Assert.Equal(1, Perplexity.Of(0, 3));
        Assert.Equal(double.PositiveInfinity, Perplexity.Of(double.PositiveInfinity, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Perplexity.Of(1, 0));
        Assert.Throws<ArgumentException>(() => Perplexity.Of(double.NaN, 1));
    }

    /// <summary>By sum −4, −6, −5; by characters (2, 6, 1) −2, −1, −5; by bytes (2, 6, 4) −2, −1, −1.25; by tokens (4, 1, 2) −1, −6, −2.5.</summary>
    [Theory]
    [InlineData(ChoiceNormalization.None, 0)]
    [InlineData(ChoiceNormalization.Characters, 1)]
    [InlineData(ChoiceNormalization.Bytes, 1)]
    [InlineData(ChoiceNormalization.Tokens, 0)]
    public void The_likeliest_choice(ChoiceNormalization normalization, int best)
    {
        ScoredChoice[] choices = [new("no", -4, 4), new("surely", -6, 1), new("😀", -5, 2)];
        Assert.Equal(best, MultipleChoice.Best(choices, normalization));
    }

    [Fact]
    public void Normalised_by_what_is_named()
    {
        ScoredChoice choice = new("😀é", -12, 4); // 2 code points, 6 bytes
        Assert.Equal(
            [-12, -6, -2, -3],
            new[] { ChoiceNormalization.None, ChoiceNormalization.Characters, ChoiceNormalization.Bytes, ChoiceNormalization.Tokens }.Select(by => MultipleChoice.Score(choice, by)));
    }

    [Fact]
    public void The_first_of_equal_choices()
    {
        Assert.Equal(0, MultipleChoice.Best([new("a", -1, 1), new("b", -1, 1)]));
        Assert.Equal(1, MultipleChoice.Best([new("a", double.NegativeInfinity, 1), new("b", -1, 1)]));
    }

    [Fact]
    public void Bad_choices_are_refused()
    {
        Assert.Throws<ArgumentException>(() => MultipleChoice.Best([]));
        Assert.Throws<ArgumentException>(() => MultipleChoice.Best([new("a", double.NaN, 1)]));
        Assert.Throws<ArgumentException>(() => MultipleChoice.Best([new("a", 0.5, 1)]));
        Assert.Throws<ArgumentException>(() => MultipleChoice.Best([new("", -1, 1)], ChoiceNormalization.Characters));
        Assert.Throws<ArgumentException>(() => MultipleChoice.Best([new("a", -1, 0)], ChoiceNormalization.Tokens));
    }
}
