using LlmCourse.Generation;

namespace LlmCourse.Tests.Generation;

public sealed class ResolvedGenerationTests
{
    [Theory]
    [InlineData(5, null, null, 8, 13)]
    [InlineData(5, 3, null, 8, 11)]
    [InlineData(5, 3, 9, 8, 11)]
    [InlineData(null, null, 9, 8, 9)]
    [InlineData(100, null, null, 8, 20)]
    [InlineData(null, null, null, 8, 20)]
    [InlineData(int.MaxValue, null, null, 8, 20)]
    public void The_limit_of_a_sequence(int? fileNew, int? callerNew, int? callerLength, int prompt, int expected)
    {
        GenerationDefaults defaults = new() { MaxNewTokens = fileNew };
        ResolvedGeneration settings = ResolvedGeneration.From(new() { MaxNewTokens = callerNew, MaxLength = callerLength }, defaults, 100, contextLength: 20);
        Assert.Equal(expected, settings.MaxLengthFor(prompt));
        Assert.Equal(expected == 20 ? FinishReason.ContextLength : FinishReason.MaxTokens, settings.LimitReason(prompt));
    }

    [Fact]
    public void A_maximum_length_of_the_model_is_honoured()
    {
        ResolvedGeneration settings = ResolvedGeneration.From(null, new GenerationDefaults { MaxLength = 22 }, 100);
        Assert.Equal(22, settings.MaxLengthFor(1));
        Assert.Contains("generation_config.json = 22", Assert.Throws<PromptTooLongException>(() => settings.MaxLengthFor(22)).Message, StringComparison.Ordinal);
        Assert.Equal(25, ResolvedGeneration.From(new() { MaxNewTokens = 3 }, new GenerationDefaults { MaxLength = 22 }, 100).MaxLengthFor(22));
    }

    [Fact]
    public void A_prompt_as_long_as_the_context_is_refused()
    {
        ResolvedGeneration settings = ResolvedGeneration.From(null, GenerationDefaults.None, 100, contextLength: 20);
        Assert.Equal(20, settings.MaxLengthFor(19));
        Assert.Contains("20 tokens", Assert.Throws<PromptTooLongException>(() => settings.MaxLengthFor(20)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Minimum_length_counts_the_prompt_and_minimum_new_tokens_does_not_and_wins()
    {
        ResolvedGeneration whole = ResolvedGeneration.From(new() { MinLength = 10 }, GenerationDefaults.None, 100);
        Assert.Equal((10, 10), (whole.MinLengthFor(2), whole.MinLengthFor(8)));
        ResolvedGeneration both = ResolvedGeneration.From(new() { MinLength = 10, MinNewTokens = 4 }, GenerationDefaults.None, 100);
        Assert.Equal((6, 12), (both.MinLengthFor(2), both.MinLengthFor(8)));
        GenerationDefaults model = new() { MinLength = 10, MinNewTokens = 4 };
        Assert.Equal(6, ResolvedGeneration.From(null, model, 100).MinLengthFor(2));
        Assert.Equal(9, ResolvedGeneration.From(new() { MinLength = 9 }, model, 100).MinLengthFor(2));
        Assert.Equal(2, ResolvedGeneration.From(new() { MinNewTokens = 0 }, model, 100).MinLengthFor(2));
    }

    [Fact]
    public void The_caller_wins_over_the_model()
    {
        GenerationDefaults defaults = new()
        {
            DoSample = true,
            Temperature = 0.7,
            TopK = 20,
            TopP = 0.8,
            RepetitionPenalty = 1.05,
            EosTokenIds = [2, 5, 200],
            ForcedBosTokenId = 3,
            ForcedEosTokenIds = [2],
            StopStrings = ["\n"],
            MinLength = 8,
        };
        ResolvedGeneration model = ResolvedGeneration.From(null, defaults, 100);
        Assert.Equal((true, 0.7, 20, 0.8, 1.05), (model.Samples, model.Temperature, model.TopK, model.TopP, model.RepetitionPenalty));
        Assert.Equal([2, 5], model.EosTokenIds);
        Assert.Equal((3, 8), (model.ForcedBosTokenId, model.MinLengthFor(1)));

        ResolvedGeneration caller = ResolvedGeneration.From(
            new() { Temperature = 0, TopK = 0, RepetitionPenalty = 1, EosTokenIds = [7, 7], ForcedEosTokenIds = [], StopStrings = [], MinLength = 0, Seed = 12 },
            defaults, 100);
        Assert.Equal((false, 0, 0.8, 1.0), (caller.Samples, caller.TopK, caller.TopP, caller.RepetitionPenalty));
        Assert.Equal([7], caller.EosTokenIds);
        Assert.Equal(12L, caller.Seed);
        Assert.Empty(caller.ForcedEosTokenIds);
        Assert.Empty(caller.StopStrings);
    }
}
