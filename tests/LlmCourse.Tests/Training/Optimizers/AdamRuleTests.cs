using LlmCourse.Training.Optimizers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Training.Optimizers;

public sealed class AdamRuleTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AdamW_takes_the_decay_off_the_weights(bool fuse)
    {
        using Trained trained = new(Create(new(), fuse), ones(1, ScalarType.Float64), ones(1, ScalarType.Float64));
        // Means without their bias are 0.5 and 0.25: 1 · (1 − 0.1 · 0.01) − 0.1 · 0.5 / √0.25; the second does not decay.
        trained.Step(0.1, 0.5, 0.5);
        TensorAssert.Close([0.899], trained[0], 1e-7);
        TensorAssert.Close([0.9], trained[1], 1e-7);
        // m = 0.9 · 0.05 − 0.1 = −0.055, m̂ = m / 0.19; v = 0.999 · 0.00025 + 0.001 = 0.00124975, v̂ = v / 0.001999;
        // 0.899 · 0.999 + 0.1 · 0.2894737 / 0.7906881 = 0.898101 + 0.0366104.
        trained.Step(0.1, -1, -1);
        TensorAssert.Close([0.9347114], trained[0], 1e-7);
        TensorAssert.Close([0.9366104], trained[1], 1e-7);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Adam_makes_the_decay_part_of_the_gradient(bool fuse)
    {
        using Trained trained = new(Create(new() { L2 = true, WeightDecay = 0.1 }, fuse), ones(1, ScalarType.Float64));
        // The gradient 0.5 + 0.1 has its size divided away: 1 − 0.1.
        trained.Step(0.1, 0.5);
        TensorAssert.Close([0.9], trained[0], 1e-7);
        // −1 + 0.09 = −0.91; m = 0.054 − 0.091 = −0.037, m̂ = −0.1947368; v = 0.00035964 + 0.0008281, v̂ = 0.5941671, √v̂ = 0.7708223.
        trained.Step(0.1, -1);
        TensorAssert.Close([0.9252635], trained[0], 1e-7);
    }

    [Theory]
    [InlineData(true, 0.1669723)] // v̂ = 0.001 / 0.001999: 0.1 + 0.1 · 0.4736842 / 0.7072838
    [InlineData(false, 0.1670058)] // v̂ = 0.000999 / 0.001999
    public void AmsGrad_keeps_the_largest_mean_of_squares(bool amsGrad, double expected)
    {
        foreach (bool fuse in (bool[])[true, false])
        {
            using Trained trained = new(Create(new() { AmsGrad = amsGrad }, fuse), zeros(1, ScalarType.Float64), zeros(1, ScalarType.Float64));
            // 1, then 0: m̂ = 0.09 / 0.19. The second parameter does not decay.
            trained.Step(0.1, null, 1);
            trained.Step(0.1, null, 0);
            TensorAssert.Close([-expected], trained[1], 1e-7);
        }
    }

    [Theory]
    [InlineData(ScalarType.Float32, false, false)]
    [InlineData(ScalarType.Float32, true, true)]
    [InlineData(ScalarType.Float64, false, true)]
    [InlineData(ScalarType.Float64, true, false)]
    [InlineData(ScalarType.BFloat16, false, true)]
    [InlineData(ScalarType.Float16, false, false)]
    public void The_fused_form_equals_the_plain_one(ScalarType type, bool l2, bool amsGrad)
    {
        AdamWOptions options = new() { L2 = l2, AmsGrad = amsGrad, Beta1 = 0.8, Beta2 = 0.95, Epsilon = 1e-6, WeightDecay = 0.1 };
        using Trained fused = new(Create(options, true), Trained.Starts(type)), plain = new(Create(options, false), Trained.Starts(type));
        fused.Steps(0, 10, scale: 0.3);
        plain.Steps(0, 10, scale: 0.3);
        Assert.Equal(plain.Optimizer.State.Select(entry => entry.Key), fused.Optimizer.State.Select(entry => entry.Key));
        foreach ((Tensor want, Tensor got) in plain.Optimizer.State.Zip(fused.Optimizer.State, (one, other) => (one.Value, other.Value)))
            TensorAssert.Close(want, got, 2e-6);
        foreach ((Tensor want, Tensor got) in plain.Values.Zip(fused.Values))
            TensorAssert.Close(want, got, type is ScalarType.BFloat16 or ScalarType.Float16 ? 0.02 : 2e-6); // 0.02: one unit of bf16
    }

    [Fact]
    public void Gradients_and_weights_in_another_order_of_memory_are_read_right()
    {
        using Trained turned = new(new AdamWOptions(), Trained.Random(1, ScalarType.Float32, 4, 6)), straight = new(new AdamWOptions(), Trained.Random(1, ScalarType.Float32, 4, 6));
        using Tensor gradient = Trained.Random(2, ScalarType.Float32, 6, 4);
        turned[0].grad = gradient.t();
        straight[0].grad = gradient.t().contiguous();
        turned.Optimizer.Step(0.1);
        straight.Optimizer.Step(0.1);
        TensorAssert.Close(straight[0], turned[0]);
    }

    private static Func<IReadOnlyList<NamedParameter>, IOptimizer> Create(AdamWOptions options, bool fuse) =>
        parameters => new Optimizer(parameters, new AdamRule(options, fuse));
}
