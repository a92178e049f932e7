using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Transformers.Positions;

public sealed class RotaryTests
{
    private static readonly PositionConfig Config = new() { Kind = PositionKind.Rotary, Theta = 100 };

    [SkippableFact]
    public void Frequencies_fall_with_the_pair() =>
        Assert.Equal([1f, 0.1f], Rotary.Frequencies(Config, headSize: 4)); // 100^(-0/4), 100^(-2/4)

    [SkippableFact]
    public void Linear_scaling_divides_them() =>
        Assert.Equal([0.25f, 0.025f], Rotary.Frequencies(Config with { Scaling = new LinearScaling { Factor = 4 } }, headSize: 4));

    [SkippableFact]
    public void Llama3_scaling_keeps_short_waves_stretches_long_ones_and_blends_between()
    {
        // Frequencies 1, 0.1, 0.01, so wavelengths 6.28, 62.8, 628. With length 100 and factors 1 and 4 those above 100 are
        // stretched by 8, those below 25 stay; for the second s = (100 / 62.83 − 1) / (4 − 1) = 0.197183.
        PositionConfig config = new()
        {
            Kind = PositionKind.Rotary,
            Theta = 1000,
            Scaling = new Llama3Scaling { Factor = 8, LowFrequencyFactor = 1, HighFrequencyFactor = 4, OriginalLength = 100 },
        };
        float[] scaled = Rotary.Frequencies(config, headSize: 6);
        double blended = (0.802817 * 0.1 / 8) + (0.197183 * 0.1);
        Assert.Equal([1, blended, 0.00125], scaled.Select(frequency => Math.Round((double)frequency, 6)), (want, got) => Math.Abs(want - got) < 2e-6);
    }

    [SkippableFact]
    public void Dynamic_scaling_raises_the_base_with_the_length_beyond_the_limit()
    {
        // d = 4: θ' = 100 · (3 · 20 / 10 − 2)^(4 / 2) = 100 · 16, so the second pair has 1600^(−2/4) = 1/40.
        PositionConfig config = Config with { Scaling = new DynamicScaling { Factor = 3, OriginalLength = 10 } };
        Assert.Equal([1f, 0.1f], Rotary.Frequencies(config, headSize: 4, length: 10));
        Assert.Equal([1f, 0.025f], Rotary.Frequencies(config, headSize: 4, length: 20));
        Assert.NotEqual(Rotary.Frequencies(config, headSize: 4, length: 20), Rotary.Frequencies(config, headSize: 4, length: 21));
        Assert.Equal((30, 1), ((config with { Count = 10 }).Limit, config.Scaling.Amplitude));
    }

    [SkippableFact]
    public void Yarn_ramps_from_kept_to_stretched_pairs()
    {
        // θ = e⁴, d = 8, L = 2π e⁴: pair i turns e^(4 − i) times within L. Turning at least e³ times is pair 1 and below, at most
        // e times pair 3 and above: the ramp over pairs 0 to 3 is 0, 0, ½, 1. Without it the frequencies are e^(−i).
        YarnScaling yarn = new() { Factor = 4, OriginalLength = (int)Math.Round(2 * Math.PI * Math.Exp(4)), BetaFast = Math.Exp(3), BetaSlow = Math.Exp(1), Truncate = false };
        float[] got = Rotary.Frequencies(new PositionConfig { Kind = PositionKind.Rotary, Theta = Math.Exp(4), Scaling = yarn }, headSize: 8);
        double[] want = [1, Math.Exp(-1), Math.Exp(-2) * (0.5 + (0.5 / 4)), Math.Exp(-3) / 4];
        Assert.All(want.Zip(got), pair => Assert.Equal(pair.First, pair.Second, pair.First * 1e-3)); // L is rounded to a whole number
        // Rounded outwards, bounds of 1.5 and 2.5 become 1 and 3: the same ramp.
        YarnScaling wide = yarn with { BetaFast = Math.Exp(2.5), BetaSlow = Math.Exp(1.5), Truncate = true };
        Assert.All(got.Zip(Rotary.Frequencies(new PositionConfig { Kind = PositionKind.Rotary, Theta = Math.Exp(4), Scaling = wide }, headSize: 8)), pair => Assert.Equal(pair.First, pair.Second, pair.First * 1e-3));
        Assert.Equal((0.1 * Math.Log(4)) + 1, yarn.Amplitude, 1e-12);
        Assert.Equal(0.85, (yarn with { AttentionFactor = 0.85 }).Amplitude);
    }

    [SkippableFact]
    public void Long_scaling_changes_its_factors_one_token_beyond_the_limit()
    {
        PositionConfig config = Config with { Scaling = new LongScaling { ShortFactors = [1, 2], LongFactors = [4, 5], OriginalLength = 16, Factor = 4 } };
        Assert.Equal([1f, 0.05f], Rotary.Frequencies(config, headSize: 4, length: 16));
        Assert.Equal([0.25f, 0.02f], Rotary.Frequencies(config, headSize: 4, length: 17));
        Assert.Equal(Math.Sqrt(1.5), config.Scaling.Amplitude, 1e-12); // 1 + ln 4 / ln 16
    }

    [SkippableFact]
    public void Each_sequence_turns_by_its_own_length()
    {
        using var scope = NewDisposeScope();
        PositionConfig config = Config with { Scaling = new LongScaling { ShortFactors = [1, 1], LongFactors = [2, 4], OriginalLength = 2, Factor = 1 } };
        using Rotary rotary = new(config, headSize: 4);
        double Angle(Sequences sequences, int[] past, int row, int column, int pair)
        {
            Rotary.Angles angles = rotary.At(PositionNumbers.Of(new Columns(sequences, null), past), ScalarType.Float32, TestDevice.Device);
            return Math.Atan2(angles.Sin[row, column, 0, pair].Number(), angles.Cos[row, column, 0, pair].Number());
        }

        // A row of 3 is long, one of 2 is not, and neither are two packed sequences of 2.
        using Sequences ragged = Sequences.FromRows([[1, 1, 1], [1, 1]], device: TestDevice.Device), packed = Sequences.Packed([[[1, 1], [1, 1], [1, 1, 1]]], device: TestDevice.Device);
        Assert.Equal([0.5, 0.025, 1, 0.1], [Angle(ragged, [0, 0], 0, 1, 0), Angle(ragged, [0, 0], 0, 1, 1), Angle(ragged, [0, 0], 1, 1, 0), Angle(ragged, [0, 0], 1, 1, 1)], Close);
        Assert.Equal([0, 1, 0, 1, 0, 0.5, 1], Enumerable.Range(0, 7).Select(column => Angle(packed, [0], 0, column, 0)), Close);
        // What a cache holds counts.
        using Sequences one = Sequences.FromRows([[1], [1]], device: TestDevice.Device);
        Assert.Equal([1, 1], [Angle(one, [2, 1], 0, 0, 0), Angle(one, [2, 1], 1, 0, 0)], Close);
        static bool Close(double want, double got) => Math.Abs(want - got) < 1e-5;
    }

    [SkippableFact]
    public void A_pair_turns_by_position_times_frequency()
    {
        using var scope = NewDisposeScope();
        using Rotary rotary = new(Config, headSize: 4);
        using Sequences sequences = Sequences.FromRows([[1, 1, 1]], device: TestDevice.Device);
        Rotary.Angles angles = rotary.At(PositionNumbers.Of(new Columns(sequences, null), new int[sequences.Count]), ScalarType.Float32, TestDevice.Device);
        Assert.Equal([1, 3, 1, 2], angles.Cos.shape);
        // Position 2 of one head (1, 2, 3, 4): the pairs are (1, 3), turned by 2, and (2, 4), turned by 0.2.
        Tensor x = tensor(new float[] { 1, 2, 3, 4 }, device: TestDevice.Device).expand(1, 3, 1, 4);
        double c = Math.Cos(2), s = Math.Sin(2), c2 = Math.Cos(0.2), s2 = Math.Sin(0.2);
        Tensor turned = Kernels.Rotate(x, angles.Cos, angles.Sin);
        TensorAssert.Close([(1 * c) - (3 * s), (2 * c2) - (4 * s2), (3 * c) + (1 * s), (4 * c2) + (2 * s2)], turned.select(1, 2));
        TensorAssert.Close([1, 2, 3, 4], turned.select(1, 0));
    }

    [SkippableFact]
    public void A_partial_rotation_leaves_the_rest_of_the_head_alone()
    {
        using var scope = NewDisposeScope();
        using Rotary rotary = new(Config with { RotarySize = 2 }, headSize: 4);
        using Sequences sequences = Sequences.FromRows([[1, 1]], device: TestDevice.Device);
        Rotary.Angles angles = rotary.At(PositionNumbers.Of(new Columns(sequences, null), new int[sequences.Count]), ScalarType.Float32, TestDevice.Device);
        Tensor turned = Kernels.Rotate(tensor(new float[] { 1, 2, 3, 4 }, device: TestDevice.Device).expand(1, 2, 1, 4), angles.Cos, angles.Sin);
        TensorAssert.Close([Math.Cos(1) - (2 * Math.Sin(1)), (2 * Math.Cos(1)) + Math.Sin(1), 3, 4], turned.select(1, 1));
    }

    [SkippableFact]
    public void Scores_depend_on_distances_alone()
    {
        using var scope = NewDisposeScope();
        using Rotary rotary = new(new PositionConfig { Kind = PositionKind.Rotary }, headSize: 8);
        using Generator generator = new(3, CPU);
        Tensor q = randn([1, 1, 1, 8], device: CPU, generator: generator).to(TestDevice.Device), k = randn([1, 1, 1, 8], device: CPU, generator: generator).to(TestDevice.Device);
        double At(int query, int key) => Turn(q, query).mul(Turn(k, key)).sum().Number();
        Tensor Turn(Tensor x, int position)
        {
            using Sequences one = Sequences.FromRows([[1]], device: TestDevice.Device);
            Rotary.Angles angles = rotary.At(PositionNumbers.Of(new Columns(one, null), [position]), ScalarType.Float32, TestDevice.Device);
            return Kernels.Rotate(x, angles.Cos, angles.Sin);
        }

        Assert.Equal(At(7, 4), At(603, 600), 1e-4);
        Assert.NotEqual(At(7, 4), At(8, 4), 1e-3);
    }
}
