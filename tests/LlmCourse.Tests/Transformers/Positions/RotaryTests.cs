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
        Assert.Equal([0.25f, 0.025f], Rotary.Frequencies(Config with { Scaling = new RotaryScaling { Factor = 4 } }, headSize: 4));

    [SkippableFact]
    public void Llama3_scaling_keeps_short_waves_stretches_long_ones_and_blends_between()
    {
        // Frequencies 1, 0.1, 0.01, so wavelengths 6.28, 62.8, 628. With length 100 and factors 1 and 4 those above 100 are
        // stretched by 8, those below 25 stay; for the second s = (100 / 62.83 − 1) / (4 − 1) = 0.197183.
        PositionConfig config = new()
        {
            Kind = PositionKind.Rotary,
            Theta = 1000,
            Scaling = new RotaryScaling { Factor = 8, LowFrequencyFactor = 1, HighFrequencyFactor = 4, OriginalLength = 100 },
        };
        float[] scaled = Rotary.Frequencies(config, headSize: 6);
        double blended = (0.802817 * 0.1 / 8) + (0.197183 * 0.1);
        Assert.Equal([1, blended, 0.00125], scaled.Select(frequency => Math.Round((double)frequency, 6)), (want, got) => Math.Abs(want - got) < 2e-6);
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
        double At(int query, int key) => Turn(q, query).mul(Turn(k, key)).sum().ToDouble();
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
