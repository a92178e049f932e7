using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests;

/// <summary>Comparisons of tensors that say how far apart they are.</summary>
internal static class TensorAssert
{
    public static void Close(Tensor expected, Tensor actual, double tolerance = 1e-6)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(expected.shape, actual.shape);
        double worst = expected.to(ScalarType.Float64).sub(actual.to(ScalarType.Float64)).abs().max().ToDouble();
        Assert.True(worst <= tolerance, $"largest difference {worst:g3}, tolerance {tolerance:g3}");
    }

    public static void Close(double[] expected, Tensor actual, double tolerance = 1e-6)
    {
        using var scope = NewDisposeScope();
        Close(tensor(expected), actual.reshape(-1), tolerance);
    }

    public static void Same(Tensor expected, Tensor actual) => Assert.True(expected.shape.SequenceEqual(actual.shape) && expected.equal(actual).all().ToBoolean());

    public static void Differ(Tensor one, Tensor other, double atLeast)
    {
        using var scope = NewDisposeScope();
        double most = one.sub(other).abs().max().ToDouble();
        Assert.True(most >= atLeast, $"largest difference {most:g3}, expected at least {atLeast:g3}");
    }
}
