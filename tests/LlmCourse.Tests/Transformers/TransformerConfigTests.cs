using LlmCourse.Transformers;

namespace LlmCourse.Tests.Transformers;

public sealed class TransformerConfigTests
{
    private static readonly Dictionary<string, TransformerConfig> Wrong = new()
    {
        ["VocabularySize must be positive, found 0"] = Tiny.Decoder() with { VocabularySize = 0 },
        ["Width must be positive, found -8"] = Tiny.Decoder() with { Width = -8 },
        ["an Encoder, a Decoder, or both"] = Tiny.Decoder() with { Decoder = null },
        ["Encoder.Causal"] = Tiny.Encoder(stack => stack with { Causal = true }),
        ["Decoder.Causal"] = Tiny.Decoder(stack => stack with { Causal = false }),
        ["Decoder.CrossAttention"] = Tiny.Decoder(stack => stack with { CrossAttention = true }),
        ["Head.Labels"] = Tiny.Encoder() with { Head = new HeadConfig { Kind = HeadKind.TokenClassification } },
        ["Head.Softcap"] = Tiny.Decoder() with { Head = new HeadConfig { Kind = HeadKind.LanguageModel, Softcap = 0 } },
        ["Head.Dropout"] = Tiny.Decoder() with { Head = new HeadConfig { Dropout = 1 } },
        ["InitializerRange"] = Tiny.Decoder() with { InitializerRange = double.NaN },
        ["Decoder.Layers must be positive"] = Tiny.Decoder(stack => stack with { Layers = 0 }),
        ["Decoder.Heads must be positive"] = Tiny.Decoder(stack => stack with { Heads = 0 }),
        ["Decoder.HeadSize must be positive"] = Tiny.Decoder(stack => stack with { HeadSize = -1 }),
        ["Decoder.FeedForwardWidth must be positive"] = Tiny.Decoder(stack => stack with { FeedForwardWidth = 0 }),
        ["Decoder.KeyValueHeads must divide Heads = 2, found 3"] = Tiny.Decoder(stack => stack with { KeyValueHeads = 3 }),
        ["Decoder.Windows"] = Tiny.Decoder(stack => stack with { Windows = [4] }),
        ["Decoder.Windows must have one positive"] = Tiny.Decoder(stack => stack with { Windows = [4, 0] }),
        ["Decoder.Dropout must be in [0, 1), found 1"] = Tiny.Decoder(stack => stack with { Dropout = 1 }),
        ["Decoder.AttentionDropout"] = Tiny.Decoder(stack => stack with { AttentionDropout = -0.1 }),
        ["Decoder.ActivationDropout"] = Tiny.Decoder(stack => stack with { ActivationDropout = double.NaN }),
        ["Decoder.EmbeddingDropout"] = Tiny.Decoder(stack => stack with { EmbeddingDropout = 2 }),
        ["Decoder.AttentionSoftcap"] = Tiny.Decoder(stack => stack with { AttentionSoftcap = -1 }),
        ["Decoder.AttentionScale"] = Tiny.Decoder(stack => stack with { AttentionScale = double.NaN }),
        ["Decoder.EmbeddingScale"] = Tiny.Decoder(stack => stack with { EmbeddingScale = double.PositiveInfinity }),
        ["Decoder.TokenTypes"] = Tiny.Decoder(stack => stack with { TokenTypes = -1 }),
        ["Decoder.ParallelResidual"] = Tiny.Decoder(stack => stack with { ParallelResidual = true, Norm = new NormConfig { Placement = NormPlacement.Post } }),
        ["Decoder.Norm.Epsilon"] = Tiny.Decoder(stack => stack with { Norm = new NormConfig { Epsilon = -1 } }),
        ["Decoder.Norm.UnitOffset"] = Tiny.Decoder(stack => stack with { Norm = new NormConfig { UnitOffset = true } }),
        ["Decoder.Positions.Count"] = With(new PositionConfig { Kind = PositionKind.Learned, Count = 2, Offset = 2 }),
        ["Decoder.Positions.Offset"] = With(new PositionConfig { Kind = PositionKind.Learned, Count = 2, Offset = -1 }),
        ["Decoder.Positions.RotarySize"] = With(new PositionConfig { Kind = PositionKind.Rotary, RotarySize = 3 }),
        ["at most the head size 4, found 6"] = With(new PositionConfig { Kind = PositionKind.Rotary, RotarySize = 6 }),
        ["Decoder.Positions.Theta"] = With(new PositionConfig { Kind = PositionKind.Rotary, Theta = 0 }),
        ["Decoder.Positions.Scaling.Factor"] = With(new PositionConfig { Kind = PositionKind.Rotary, Scaling = new LinearScaling { Factor = 0 } }),
        ["Decoder.Positions.Scaling.HighFrequencyFactor"] = With(new PositionConfig { Kind = PositionKind.Rotary, Scaling = new Llama3Scaling { Factor = 2, LowFrequencyFactor = 4, HighFrequencyFactor = 1, OriginalLength = 8 } }),
        ["Decoder.Positions.Scaling.OriginalLength"] = With(new PositionConfig { Kind = PositionKind.Rotary, Scaling = new Llama3Scaling { Factor = 2, LowFrequencyFactor = 1, HighFrequencyFactor = 4, OriginalLength = 0 } }),
        ["Decoder.Positions.Scaling.Factor must be at least 1, found 0.5"] = With(new PositionConfig { Kind = PositionKind.Rotary, Scaling = new DynamicScaling { Factor = 0.5, OriginalLength = 8 } }),
        ["dynamic scaling needs more than 2 rotated elements"] = With(new PositionConfig { Kind = PositionKind.Rotary, RotarySize = 2, Scaling = new DynamicScaling { Factor = 2, OriginalLength = 8 } }),
        ["Decoder.Positions.Scaling.BetaFast"] = With(new PositionConfig { Kind = PositionKind.Rotary, Scaling = new YarnScaling { Factor = 2, OriginalLength = 8, BetaFast = 0.5 } }),
        ["Decoder.Positions.Scaling.AttentionFactor"] = With(new PositionConfig { Kind = PositionKind.Rotary, Scaling = new YarnScaling { Factor = 2, OriginalLength = 8, AttentionFactor = 0 } }),
        ["YaRN needs a theta above 1"] = With(new PositionConfig { Kind = PositionKind.Rotary, Theta = 1, Scaling = new YarnScaling { Factor = 2, OriginalLength = 8 } }),
        ["Decoder.Positions.Scaling.ShortFactors must have one number for each of 2 pairs, found 1"] = With(new PositionConfig { Kind = PositionKind.Rotary, Scaling = new LongScaling { Factor = 2, OriginalLength = 8, ShortFactors = [1], LongFactors = [1, 2] } }),
        ["Decoder.Positions.Scaling.LongFactors must be positive, found 0"] = With(new PositionConfig { Kind = PositionKind.Rotary, Scaling = new LongScaling { Factor = 2, OriginalLength = 8, ShortFactors = [1, 1], LongFactors = [1, 0] } }),
        ["Decoder.QueryKeyValueByHead"] = Tiny.Decoder(stack => stack with { QueryKeyValueByHead = true }),
        ["Decoder.QueryKeyValueByHead goes with"] = Tiny.Decoder(stack => stack with { QueryKeyValueByHead = true, FusedQueryKeyValue = true, KeyValueHeads = 1 }),
        ["Decoder.JointQueryKeyNorm"] = Tiny.Decoder(stack => stack with { JointQueryKeyNorm = true }),
        ["Decoder.Norm.Affine"] = Tiny.Decoder(stack => stack with { Norm = new NormConfig { Kind = NormKind.Rms, Affine = false } }),
        ["NarrowTokens needs an EmbeddingWidth"] = Tiny.Decoder() with { NarrowTokens = true },
        ["Decoder.LayerPositions must have one entry for each"] = Tiny.Decoder(stack => stack with { Positions = new PositionConfig { Kind = PositionKind.Rotary }, LayerPositions = [new PositionConfig()] }),
        ["and Positions be rotary"] = Tiny.Decoder(stack => stack with { LayerPositions = [new PositionConfig(), new PositionConfig()] }),
        ["Decoder.LayerPositions must be rotary or none, found Learned"] = Layers(new PositionConfig { Kind = PositionKind.Learned, Count = 2 }),
        ["Decoder.LayerPositions.Theta"] = Layers(new PositionConfig { Kind = PositionKind.Rotary, Theta = -1 }),
        ["Decoder.Positions: 8 buckets"] = With(new PositionConfig { Kind = PositionKind.RelativeBias, Buckets = 8, MaxDistance = 4 }),
        ["VocabularySize is too large"] = Tiny.Decoder() with { VocabularySize = int.MaxValue, Width = int.MaxValue },
        ["Decoder.HeadSize × Heads is too large"] = Tiny.Decoder(stack => stack with { Heads = int.MaxValue, HeadSize = int.MaxValue }),
        ["Decoder.FeedForwardWidth is too large"] = Tiny.Decoder(stack => stack with { FeedForwardWidth = int.MaxValue }) with { Width = 1 << 19 },
    };

    public static TheoryData<string> Messages => new(Wrong.Keys);

    [Theory]
    [MemberData(nameof(Messages))]
    public void What_is_wrong_is_named(string message) =>
        Assert.Contains(message, Assert.ThrowsAny<ArgumentException>(() => Wrong[message].Validate()).Message, StringComparison.Ordinal);

    [Fact]
    public void What_is_right_passes()
    {
        foreach (TransformerConfig config in (TransformerConfig[])[Tiny.Decoder(), Tiny.Encoder(), Tiny.EncoderDecoder(), TransformerConfig.Original(100)])
            Assert.Same(config, config.Validate());
    }

    private static TransformerConfig Layers(PositionConfig second) => Tiny.Decoder(stack => stack with
    {
        Positions = new PositionConfig { Kind = PositionKind.Rotary },
        LayerPositions = [new PositionConfig { Kind = PositionKind.Rotary }, second],
    });

    private static TransformerConfig With(PositionConfig positions) => Tiny.Decoder(stack => stack with { Positions = positions });
}
