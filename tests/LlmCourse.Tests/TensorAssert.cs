using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests;

/// <summary>Comparisons of tensors, on the CPU wherever they are, that say how far apart they are.</summary>
internal static class TensorAssert
{
    public static void Close(Tensor expected, Tensor actual, double tolerance = 1e-6)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(expected.shape, actual.shape);
        double worst = expected.cpu().to(ScalarType.Float64).sub(actual.cpu().to(ScalarType.Float64)).abs().max().Number();
        Assert.True(worst <= tolerance, $"largest difference {worst:g3}, tolerance {tolerance:g3}");
    }

    public static void Close(double[] expected, Tensor actual, double tolerance = 1e-6)
    {
        using var scope = NewDisposeScope();
        Close(tensor(expected, device: CPU), actual.reshape(-1), tolerance);
    }

    public static void Same(Tensor expected, Tensor actual)
    {
        using var scope = NewDisposeScope();
        Assert.True(expected.shape.SequenceEqual(actual.shape) && expected.cpu().equal(actual.cpu()).all().IsTrue());
    }

    public static void Differ(Tensor one, Tensor other, double atLeast)
    {
        using var scope = NewDisposeScope();
        double most = one.cpu().sub(other.cpu()).abs().max().Number();
        Assert.True(most >= atLeast, $"largest difference {most:g3}, expected at least {atLeast:g3}");
    }
}
