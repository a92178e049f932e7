using LlmCourse.Training.Optimizers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Training.Optimizers;

public sealed class SgdRuleTests
{
    [Fact]
    public void Momentum_is_dampened_after_the_first_step()
    {
        using Trained trained = new(new SgdOptions { Momentum = 0.5, Dampening = 0.25, WeightDecay = 0.1 }, ones(1, ScalarType.Float64), ones(1, ScalarType.Float64));
        // 0.5 + 0.1 · 1 = 0.6: 1 − 0.06; the second does not decay: 1 − 0.05.
        trained.Step(0.1, 0.5, 0.5);
        TensorAssert.Close([0.94], trained[0], 1e-12);
        TensorAssert.Close([0.95], trained[1], 1e-12);
        // 1 + 0.094 = 1.094; 0.5 · 0.6 + 0.75 · 1.094 = 1.1205. The second: 0.25 + 0.75 = 1.
        trained.Step(0.1, 1, 1);
        TensorAssert.Close([0.82795], trained[0], 1e-12);
        TensorAssert.Close([0.85], trained[1], 1e-12);
    }

    [Fact]
    public void Nesterov_looks_ahead()
    {
        using Trained trained = new(new SgdOptions { Momentum = 0.5, Nesterov = true }, ones(1, ScalarType.Float64));
        trained.Step(0.1, 0.5); // 0.5 + 0.5 · 0.5 = 0.75
        TensorAssert.Close([0.925], trained[0], 1e-12);
        trained.Step(0.1, 1); // buffer 0.25 + 1; 1 + 0.5 · 1.25 = 1.625
        TensorAssert.Close([0.7625], trained[0], 1e-12);
    }

    [Fact]
    public void Without_momentum_there_is_no_state()
    {
        using Trained trained = new(new SgdOptions(), ones(2));
        trained.Step(0.5, 3);
        TensorAssert.Close([-0.5, -0.5], trained[0]);
        Assert.Equal(["step/p0"], trained.Optimizer.State.Select(entry => entry.Key));
    }
}
