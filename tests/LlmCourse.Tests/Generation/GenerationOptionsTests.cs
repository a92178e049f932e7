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
        { "MinP", new() { MinP = -0.1 } },
        { "MinP", new() { MinP = 1.1 } },
        { "MinP", new() { MinP = double.NaN } },
        { "TypicalP", new() { TypicalP = 0 } },
        { "TypicalP", new() { TypicalP = double.NaN } },
        { "EpsilonCutoff", new() { EpsilonCutoff = 1 } },
        { "EpsilonCutoff", new() { EpsilonCutoff = double.NaN } },
        { "EtaCutoff", new() { EtaCutoff = -1e-9 } },
        { "EtaCutoff", new() { EtaCutoff = double.PositiveInfinity } },
        { "TopH", new() { TopH = 0 } },
        { "NoRepeatNGramSize", new() { NoRepeatNGramSize = -1 } },
        { "EncoderNoRepeatNGramSize", new() { Rules = new() { EncoderNoRepeatNGramSize = -1 } } },
        { "EncoderRepetitionPenalty", new() { Rules = new() { EncoderRepetitionPenalty = double.NaN } } },
        { "ExponentialDecayLengthPenalty", new() { Rules = new() { ExponentialDecayLengthPenalty = new(-1, 1.1) } } },
        { "ExponentialDecayLengthPenalty", new() { Rules = new() { ExponentialDecayLengthPenalty = new(0, double.PositiveInfinity) } } },
        { "SequenceBias", new() { Rules = new() { SequenceBias = [new([], 1)] } } },
        { "SequenceBias", new() { Rules = new() { SequenceBias = [new([1], double.NaN)] } } },
        { "SequenceBias", new() { Rules = new() { SequenceBias = [new([1], double.PositiveInfinity)] } } },
        { "SequenceBias", new() { Rules = new() { SequenceBias = [new([1, 100], 1)] } } },
        { "BadWordsIds", new() { Rules = new() { BadWordsIds = [[]] } } },
        { "BadWordsIds", new() { Rules = new() { BadWordsIds = [[1, 100]] } } },
        { "SuppressTokens", new() { Rules = new() { SuppressTokens = [100] } } },
        { "BeginSuppressTokens", new() { Rules = new() { BeginSuppressTokens = [-1] } } },
        { "Scale", new() { Guidance = new() { Scale = double.NaN } } },
        { "NegativePromptIds", new() { Guidance = new() { Scale = 2, NegativePromptIds = [] } } },
        { "NegativePromptIds", new() { Guidance = new() { Scale = 2, NegativePromptIds = [100] } } },
        { "NumBeams", new() { NumBeams = 0 } },
        { "NumBeams", new() { NumBeams = 101 } },
        { "LengthPenalty", new() { Beams = new() { LengthPenalty = double.NaN } } },
        { "EarlyStopping", new() { Beams = new() { EarlyStopping = (EarlyStopping)9 } } },
        { "NumReturnSequences", new() { NumReturnSequences = 0 } },
        { "NumReturnSequences", new() { NumReturnSequences = 2 } },
        { "NumReturnSequences", new() { NumReturnSequences = 5, NumBeams = 4 } },
        { "Assisted", new() { Assisted = new() } },
        { "PromptLookupTokens", new() { Assisted = new() { PromptLookupTokens = -1 } } },
        { "MaxMatchingNGramSize", new() { Assisted = new() { PromptLookupTokens = 4, MaxMatchingNGramSize = 0 } } },
        { "DraftTokens", new() { Assisted = new() { PromptLookupTokens = 4, DraftTokens = 0 } } },
        { "ConfidenceThreshold", new() { Assisted = new() { PromptLookupTokens = 4, ConfidenceThreshold = double.NaN } } },
        { "TopAlternatives", new() { TopAlternatives = -1 } },
        { "StopStrings", new() { StopStrings = ["a", ""] } },
        { "EosTokenIds", new() { EosTokenIds = [100] } },
        { "EosTokenIds", new() { EosTokenIds = [-1] } },
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
    public void What_cannot_go_together_is_refused_by_name()
    {
        AssistedOptions lookup = new() { PromptLookupTokens = 4 };
        string beams = Assert.Throws<NotSupportedException>(() => Resolve(new() { NumBeams = 4, Assisted = lookup })).Message;
        Assert.Contains("NumBeams = 4", beams, StringComparison.Ordinal);
        Assert.Contains("Assisted", beams, StringComparison.Ordinal);
        Assert.Contains("Guidance", Assert.Throws<NotSupportedException>(() => Resolve(new() { Guidance = new() { Scale = 2 }, Assisted = lookup })).Message, StringComparison.Ordinal);
    }

    public static TheoryData<bool, GenerationOptions> Modes() => new()
    {
        { false, new() },
        { true, new() { DoSample = true } },
        { true, new() { Temperature = 0.8 } },
        { true, new() { Temperature = 1 } },
        { true, new() { TopK = 40 } },
        { true, new() { TopP = 0.9 } },
        { true, new() { MinP = 0.1 } },
        { true, new() { TypicalP = 0.5 } },
        { true, new() { EpsilonCutoff = 0.01 } },
        { true, new() { EtaCutoff = 0.01 } },
        { true, new() { TopH = 0.4 } },
        { false, new() { MinP = 0, TypicalP = 1, EpsilonCutoff = 0, EtaCutoff = 0, TopH = 1 } },
        { false, new() { NumBeams = 4 } },
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
