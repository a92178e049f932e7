using LlmCourse.Training.Optimizers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Training.Optimizers;

public sealed class AdafactorRuleTests
{
    private static readonly AdafactorOptions Absolute = new() { ScaleParameter = false };

    [Fact]
    public void Squares_of_a_matrix_are_kept_by_rows_and_columns()
    {
        using Trained trained = new(Absolute, zeros([2, 2], ScalarType.Float64));
        // Squares 1 4 / 9 16: rows 2.5, 12.5, columns 5, 10, mean of rows 7.5. Their mean is taken to be 5/3 10/3 / 25/3 50/3,
        // so the update is 1/√(5/3), 2/√(10/3), 3/√(25/3), 4/√(50/3); its root mean square √0.96 is below 1.
        trained[0].grad = tensor(new double[] { 1, 2, 3, 4 }, [2, 2]);
        trained.Optimizer.Step(0.1);
        TensorAssert.Close([-0.07745967, -0.10954451, -0.10392305, -0.09797959], trained[0]);
        Assert.Equal([("step/p0", 0), ("exp_avg_sq_row/p0", 1), ("exp_avg_sq_col/p0", 1)], trained.Optimizer.State.Select(entry => (entry.Key, (int)entry.Value.dim())));
    }

    [Fact]
    public void Squares_of_a_vector_are_kept_whole_and_large_updates_are_cut()
    {
        using Trained trained = new(Absolute, zeros(1, ScalarType.Float64)), loose = new(Absolute with { ClipThreshold = 10 }, zeros(1, ScalarType.Float64));
        // 1/√1; then the mean keeps 1 − 2^−0.8 = 0.4256508 of it: v = 0.4256508 + 0.5743492 · 9 = 5.5947934, 3/√v = 1.2683211, cut to 1.
        trained.Step(0.1, 1);
        loose.Step(0.1, 1);
        TensorAssert.Close([-0.1], trained[0]);
        trained.Step(0.1, 3);
        loose.Step(0.1, 3);
        TensorAssert.Close([-0.2], trained[0]);
        TensorAssert.Close([-0.22683211], loose[0]);
    }

    [Theory]
    [InlineData(AdafactorStep.Given, 2)]
    [InlineData(AdafactorStep.Relative, 1e-2)]
    [InlineData(AdafactorStep.RelativeWithWarmUp, 1e-6)]
    [InlineData(AdafactorStep.Capped, 1)] // 1/√1
    public void The_step_is_measured_by_the_parameter(AdafactorStep step, double size)
    {
        using Trained trained = new(new AdafactorOptions { StepSize = step }, tensor(new double[] { 3, 4 }), zeros(2, ScalarType.Float64));
        // The first update is 1 everywhere; √((9 + 16) / 2) = 3.5355339, and 0.001 for a parameter of zeros.
        trained.Step(2, 5, 5);
        TensorAssert.Close([3 - (size * 3.5355339), 4 - (size * 3.5355339)], trained[0]);
        TensorAssert.Close([-size * 0.001, -size * 0.001], trained[1], 1e-12);
    }

    [Fact]
    public void Decay_follows_the_step_and_a_mean_of_updates_smooths()
    {
        using Trained trained = new(Absolute with { WeightDecay = 0.1, Beta1 = 0.75 }, ones(1, ScalarType.Float64), ones(1, ScalarType.Float64));
        // Update 0.5 · 1, a quarter of which enters the mean; 1 · (1 − 0.5 · 0.1) − 0.125, the second without decay.
        trained.Step(0.5, 7, 7);
        TensorAssert.Close([0.825], trained[0]);
        TensorAssert.Close([0.875], trained[1]);
        // The mean is 0.75 · 0.125 + 0.25 · 0.5 = 0.21875; 0.825 · 0.95 − 0.21875.
        trained.Step(0.5, 7, 7);
        TensorAssert.Close([0.565], trained[0]);
        TensorAssert.Close([0.65625], trained[1]);
    }

    [Fact]
    public void Capped_steps_decay_by_the_learning_rate()
    {
        using Trained trained = new(new AdafactorOptions { StepSize = AdafactorStep.Capped, WeightDecay = 0.1 }, full(1, 3.0, ScalarType.Float64));
        trained.Step(2, 7); // 3 · (1 − 2 · 0.1) − 3 · min(2, 1)
        TensorAssert.Close([-0.6], trained[0]);
    }
}
