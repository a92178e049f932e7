using LlmCourse.Data;
using LlmCourse.Encoders;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Encoders;

public sealed class PoolingTests
{
    // Four columns, three tokens, of which the first may be a prompt's.
    [Theory]
    [InlineData(nameof(PoolingMode.Cls), 0, new float[] { 1, 0, 0, 0 })]
    [InlineData(nameof(PoolingMode.Cls), 1, new float[] { 1, 0, 0, 0 })]
    [InlineData(nameof(PoolingMode.LastToken), 0, new float[] { 0, 0, 1, 0 })]
    [InlineData(nameof(PoolingMode.Mean), 0, new float[] { 1f / 3, 1f / 3, 1f / 3, 0 })]
    [InlineData(nameof(PoolingMode.Mean), 1, new[] { 0, 0.5f, 0.5f, 0 })]
    [InlineData(nameof(PoolingMode.Mean), 3, new float[] { 0, 0, 0, 0 })]
    [InlineData(nameof(PoolingMode.MeanSqrtLength), 1, new[] { 0, 0.70710678f, 0.70710678f, 0 })] // 1 / √2
    [InlineData(nameof(PoolingMode.WeightedMean), 0, new float[] { 1f / 6, 2f / 6, 3f / 6, 0 })]
    [InlineData(nameof(PoolingMode.WeightedMean), 1, new[] { 0, 0.4f, 0.6f, 0 })] // 2 and 3 of 5
    [InlineData(nameof(PoolingMode.WeightedMean), 3, new float[] { 0, 0, 0, 0 })]
    public void A_column_counts_as_the_mode_says(string mode, int skipped, float[] expected) =>
        Assert.Equal(expected, Pooling.Weights(Enum.Parse<PoolingMode>(mode), width: 4, length: 3, skipped));

    [SkippableFact]
    public void Modes_stand_one_behind_the_other_and_padding_counts_in_none()
    {
        using var scope = NewDisposeScope();
        // Row 0: 1, 5, 3; row 1: 4, and padding that would be the largest
        Tensor states = tensor(new float[] { 1, 5, 3, 4, 99, 99 }, [2, 3, 1], device: TestDevice.Device);
        using Sequences sequences = Sequences.FromRows([[1, 1, 1], [1]], device: TestDevice.Device);
        PoolingMode[] modes = [PoolingMode.Cls, PoolingMode.Max, PoolingMode.Mean, PoolingMode.WeightedMean, PoolingMode.LastToken];
        Tensor pooled = new Pooling(modes, includePrompt: true).Forward(states, sequences, promptLength: 2);
        TensorAssert.Close(tensor(new[] { 1, 5, 3, 20f / 6, 3, 4, 4, 4, 4, 4 }, [2, 5], device: TestDevice.Device), pooled, 1e-6); // (1 + 2·5 + 3·3) / 6
        Tensor without = new Pooling([PoolingMode.Max, PoolingMode.Mean], includePrompt: false).Forward(states, sequences, promptLength: 2);
        TensorAssert.Close(tensor(new float[] { 3, 3, -1e9f, 0 }, [2, 2], device: TestDevice.Device), without, 1e-6);
    }
}
