using LlmCourse.Training.Optimizers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Tests.Training.Optimizers;

public sealed class GradientNormTests
{
    [Theory]
    [InlineData(2, 13)] // √(9 + 16 + 144)
    [InlineData(1, 19)] // 3 + 4 + 12
    [InlineData(double.PositiveInfinity, 12)]
    public void All_gradients_are_one_vector(double order, double expected)
    {
        using var scope = NewDisposeScope();
        Tensor[] parameters = [With([3, -4]), new Parameter(ones(5)), With([12], ScalarType.Float64), With([])];
        Assert.Equal(expected, GradientNorm.Of(parameters, order), 1e-6);
        Assert.Equal(0, GradientNorm.Of([new Parameter(ones(5))], order));
    }

    [Fact]
    public void Half_precision_does_not_overflow()
    {
        using var scope = NewDisposeScope();
        // fp16 ends at 65,504: neither 300² nor 60,000 · 2 fits.
        Assert.Equal(Math.Sqrt((300.0 * 300 * 2) + (60_000.0 * 60_000)), GradientNorm.Of([With([300, 300], ScalarType.Float16), With([60_000], ScalarType.Float16)]), 0.1);
        Assert.Equal(1e30, GradientNorm.Of([With([1e30]), With([1])]), 1e24); // nor 10⁶⁰ in fp32
    }

    [Fact]
    public void Many_gradients_are_added_up_without_loss()
    {
        using var scope = NewDisposeScope();
        // 2²² numbers of 0.1, which in fp32 is 0.100000001490116: √(2²²) and 2²² of them. All at once torch is 0.2 and 4 % off.
        Parameter parameter = new(zeros(4096, 1024)) { grad = full([4096, 1024], 0.1) };
        Assert.Equal(2048 * 0.100000001490116, GradientNorm.Of([parameter]), 2e-6 * 204.8);
        Assert.Equal(4_194_304 * 0.100000001490116, GradientNorm.Of([parameter], 1), 2e-5 * 419_430);
    }

    [Theory]
    [InlineData(double.NaN, double.NaN)]
    [InlineData(double.NegativeInfinity, double.PositiveInfinity)]
    public void A_gradient_that_is_not_finite_shows(double value, double expected)
    {
        using var scope = NewDisposeScope();
        foreach (double order in (double[])[1, 2, double.PositiveInfinity])
            Assert.Equal(expected, GradientNorm.Of([With([1, 2]), With([0, value, 1]), With([5])], order));
    }

    [Fact]
    public void Clipping_keeps_small_gradients()
    {
        Assert.Equal(1, GradientNorm.ClipFactor(0.5, 1));
        Assert.Equal(1 / 4.000001, GradientNorm.ClipFactor(4, 1), 1e-15);
        Assert.Equal(0, GradientNorm.ClipFactor(double.PositiveInfinity, 1));
        Assert.Equal(double.NaN, GradientNorm.ClipFactor(double.NaN, 1));
        Assert.Throws<ArgumentOutOfRangeException>("most", () => GradientNorm.ClipFactor(1, 0));
        Assert.Throws<ArgumentOutOfRangeException>("order", () => GradientNorm.Of([], 0));
    }

    private static Parameter With(double[] gradient, ScalarType type = ScalarType.Float32)
    {
        Tensor values = tensor(gradient, type);
        return new Parameter(zeros_like(values)) { grad = values };
    }
}
