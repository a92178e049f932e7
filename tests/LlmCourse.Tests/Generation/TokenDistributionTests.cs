using LlmCourse.Generation;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Generation;

public sealed class TokenDistributionTests
{
    private static readonly string[] Words = ["cake", "donut", "banana", "apple"];

    [SkippableFact]
    public void Top_lists_the_most_likely_tokens_with_their_text()
    {
        TokenDistribution distribution = Of(new());
        Assert.Equal(["cake", "apple", "donut"], distribution.Top(3).Select(token => token.Text));
        Assert.Equal([0.4, 0.3, 0.2], distribution.Top(3).Select(token => Math.Round(token.Probability, 6)));
        Assert.Equal(4, distribution.Top(100).Count);
        Assert.Equal(0.1, distribution[2], 6);
        Assert.Equal(4, distribution.VocabularySize);
        Assert.Throws<ArgumentOutOfRangeException>(() => distribution[4]);
    }

    [SkippableFact]
    public void Equal_probabilities_come_in_the_order_of_their_ids()
    {
        using DisposeScope scope = NewDisposeScope();
        Assert.Equal([2, 0, 1, 3], TokenDistribution.Of(tensor([1f, 1f, 2f, 1f], device: TestDevice.Device)).Top(4).Select(token => token.TokenId));
    }

    /// <summary>T = 2 takes square roots: √.4 √.2 √.1 √.3 over their sum 1.943619; T = .5 squares: .16 .04 .01 .09 over .3.</summary>
    [SkippableTheory]
    [InlineData(2.0, 0.325401, 0.281805)]
    [InlineData(0.5, 0.533333, 0.3)]
    public void Temperature_flattens_or_sharpens(double temperature, double first, double second)
    {
        TokenDistribution distribution = Of(new() { Temperature = temperature });
        Assert.Equal(first, distribution[0], 6);
        Assert.Equal(second, distribution[3], 6);
    }

    [SkippableTheory]
    [InlineData(1e-300, 1, 0)]
    [InlineData(1e300, 0.25, 0.25)]
    public void Temperature_has_no_end(double temperature, double first, double second)
    {
        TokenDistribution distribution = Of(new() { Temperature = temperature, TopP = 1 });
        Assert.Equal(first, distribution[0], 6);
        Assert.Equal(second, distribution[3], 6);
    }

    [SkippableFact]
    public void Top_k_and_top_p_leave_nothing_for_the_rest()
    {
        Assert.Equal(0.4 / 0.7, Of(new() { TopK = 2 })[0], 6);
        TokenDistribution nucleus = Of(new() { TopP = 0.75 });
        Assert.Equal(["cake", "apple", "donut"], nucleus.Top(9).Select(token => token.Text));
        Assert.Equal(0, nucleus[2]);
        Assert.Equal(0.3 / 0.9, nucleus[3], 6);
    }

    private static TokenDistribution Of(GenerationOptions options)
    {
        using DisposeScope scope = NewDisposeScope();
        ResolvedGeneration settings = ResolvedGeneration.From(options, GenerationDefaults.None, Words.Length);
        return TokenDistribution.Of(tensor([.4f, .2f, .1f, .3f], device: TestDevice.Device).log(), settings, id => Words[id]);
    }
}
