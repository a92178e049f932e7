using LlmCourse.Generation;

namespace LlmCourse.Tests.Generation;

public sealed class GenerationOptionsTests
{
    public static TheoryData<string, GenerationOptions> OutOfRange() => new()
    {
        { "MaxNewTokens", new() { MaxNewTokens = 0 } },
        { "MaxLength", new() { MaxLength = -1 } },
        { "MinNewTokens", new() { MinNewTokens = -1 } },
        { "MinNewTokens", new() { MinNewTokens = 3, MaxNewTokens = 2 } },
        { "MinLength", new() { MinLength = -1 } },
        { "MinLength", new() { MinLength = 3, MaxLength = 2 } },
        { "Temperature", new() { Temperature = -0.1 } },
        { "Temperature", new() { Temperature = double.NaN } },
        { "Temperature", new() { Temperature = double.PositiveInfinity } },
        { "TopK", new() { TopK = -1 } },
        { "TopP", new() { TopP = 0 } },
        { "TopP", new() { TopP = 1.5 } },
        { "TopP", new() { TopP = double.NaN } },
        { "RepetitionPenalty", new() { RepetitionPenalty = 0 } },
        { "RepetitionPenalty", new() { RepetitionPenalty = double.NaN } },
        { "TopAlternatives", new() { TopAlternatives = -1 } },
        { "StopStrings", new() { StopStrings = ["a", ""] } },
        { "EosTokenIds", new() { EosTokenIds = [100] } },
        { "EosTokenIds", new() { EosTokenIds = [-1] } },
        { "PadTokenId", new() { PadTokenId = 100 } },
        { "ForcedBosTokenId", new() { ForcedBosTokenId = 100 } },
        { "ForcedEosTokenIds", new() { ForcedEosTokenIds = [100] } },
    };

    [Theory]
    [MemberData(nameof(OutOfRange))]
    public void A_value_out_of_range_is_refused_by_name(string property, GenerationOptions options)
    {
        ArgumentOutOfRangeException error = Assert.Throws<ArgumentOutOfRangeException>(() => Resolve(options));
        Assert.Equal(property, error.ParamName);
        Assert.StartsWith(property, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_does_not_exist_yet_is_refused_by_name()
    {
        Assert.Contains("NumBeams = 4", Assert.Throws<NotSupportedException>(() => Resolve(new() { NumBeams = 4 })).Message, StringComparison.Ordinal);
        Assert.Contains("NoRepeatNGramSize = 3", Assert.Throws<NotSupportedException>(() => Resolve(new() { NoRepeatNGramSize = 3 })).Message, StringComparison.Ordinal);
        Resolve(new() { NumBeams = 1, NoRepeatNGramSize = 0 });
    }

    public static TheoryData<bool, GenerationOptions> Modes() => new()
    {
        { false, new() },
        { true, new() { DoSample = true } },
        { true, new() { Temperature = 0.8 } },
        { true, new() { Temperature = 1 } },
        { true, new() { TopK = 40 } },
        { true, new() { TopP = 0.9 } },
        { false, new() { TopK = 0 } },
        { false, new() { TopP = 1 } },
        { false, new() { Temperature = 0 } },
        { false, new() { Temperature = 0, TopK = 40, DoSample = true } },
        { false, new() { Temperature = 0.8, DoSample = false } },
        { false, new() { RepetitionPenalty = 1.2, Seed = 3 } },
    };

    [Theory]
    [MemberData(nameof(Modes))]
    public void Setting_a_sampling_parameter_means_sampling(bool samples, GenerationOptions options) =>
        Assert.Equal(samples, Resolve(options).Samples);

    [Fact]
    public void Library_defaults()
    {
        ResolvedGeneration settings = Resolve(null);
        Assert.False(settings.Samples);
        Assert.Equal((1.0, 0, 1.0, 1.0), (settings.Temperature, settings.TopK, settings.TopP, settings.RepetitionPenalty));
        Assert.Equal(10 + 256, settings.MaxLengthFor(10));
        Assert.Empty(settings.EosTokenIds);
        Assert.NotEqual(Resolve(null).Seed, settings.Seed);
    }

    private static ResolvedGeneration Resolve(GenerationOptions? options) => ResolvedGeneration.From(options, GenerationDefaults.None, 100);
}
