using LlmCourse.Training.Optimizers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Training.Optimizers;

public sealed class RmsPropRuleTests
{
    [Fact]
    public void Gradients_are_divided_by_the_root_of_their_mean_square()
    {
        using Trained trained = new(new RmsPropOptions { Smoothing = 0.75, Epsilon = 0.5, WeightDecay = 0.5 }, ones(1, ScalarType.Float64), ones(1, ScalarType.Float64));
        // 1.5 + 0.5 · 1 = 2, whose mean of squares is 0.25 · 4 = 1: 1 − 0.1 · 2 / 1.5. The second does not decay: 1 − 0.1 · 2 / 1.5 too.
        trained.Step(0.1, 1.5, 2);
        TensorAssert.Close([1 - (0.2 / 1.5)], trained[0], 1e-12);
        TensorAssert.Close([1 - (0.2 / 1.5)], trained[1], 1e-12);
        // 0.75 · 1 + 0.25 · 1 = 1.
        trained.Step(0.1, 0, 1);
        TensorAssert.Close([1 - (0.3 / 1.5)], trained[1], 1e-12);
    }

    [Fact]
    public void Updates_have_momentum()
    {
        using Trained trained = new(new RmsPropOptions { Smoothing = 0.75, Epsilon = 0, Momentum = 0.5 }, ones(1, ScalarType.Float64));
        trained.Step(0.1, 2); // 2 / 1
        TensorAssert.Close([0.8], trained[0], 1e-12);
        trained.Step(0.1, 1); // 0.5 · 2 + 1 / 1
        TensorAssert.Close([0.6], trained[0], 1e-12);
        Assert.Equal(["step/p0", "square_avg/p0", "momentum_buffer/p0"], trained.Optimizer.State.Select(entry => entry.Key));
    }
}
