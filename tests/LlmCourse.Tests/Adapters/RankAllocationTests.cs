using LlmCourse.Adapters;
using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Adapters;

/// <summary>The rules of AdaLoRA by hand.</summary>
public sealed class RankAllocationTests
{
    // 16 triplets, 8 in the end; the budget shrinks over the 12 steps from 3 to 15.
    [Theory]
    [InlineData(0, 16, false)]
    [InlineData(3, 16, false)]
    [InlineData(4, 14, true)] // 8 + 8 (11/12)³ = 14.16
    [InlineData(5, 12, false)] // 8 + 8 (10/12)³ = 12.63, and 5 is no multiple of 2
    [InlineData(6, 11, true)] // 8 + 8 (9/12)³ = 11.38
    [InlineData(14, 8, true)] // 8 + 8 (1/12)³ = 8.005
    [InlineData(15, 8, false)] // 8 + 8 · 0³
    [InlineData(16, 8, true)]
    [InlineData(19, 8, true)]
    public void The_budget_shrinks_as_a_cube(long step, int budget, bool chooses)
    {
        AdaLoraOptions options = new() { TotalSteps = 20, WarmUpSteps = 3, FinalSteps = 5, Interval = 2 };
        Assert.Equal((budget, chooses), RankAllocation.Budget(step, options, 16, 8));
    }

    [Fact]
    public void Sensitivity_and_uncertainty_are_smoothed()
    {
        using var scope = NewDisposeScope();
        AdaLoraOptions options = new() { SensitivityDecay = 0.5, UncertaintyDecay = 0.25 };
        Tensor weight = tensor(new[] { 2.0, -1 });
        // I = |2 · 0.5|, |−1 · 3| = 1, 3; Ī = 0.5 I = 0.5, 1.5; Ū = 0.75 |I − Ī| = 0.375, 1.125
        (Tensor sensitivity, Tensor uncertainty) = RankAllocation.Smoothed(weight, tensor(new[] { 0.5, 3 }), null, null, options);
        Assert.Equal([0.5, 1.5], sensitivity.data<double>());
        Assert.Equal([0.375, 1.125], uncertainty.data<double>());
        // I = 2, 1; Ī = 0.25 + 1, 0.75 + 0.5; Ū = 0.09375 + 0.75 · 0.75, 0.28125 + 0.75 · 0.25
        (sensitivity, uncertainty) = RankAllocation.Smoothed(weight, tensor(new[] { 1.0, 1 }), sensitivity, uncertainty, options);
        Assert.Equal([1.25, 1.25], sensitivity.data<double>());
        Assert.Equal([0.65625, 0.46875], uncertainty.data<double>());
    }

    [Fact]
    public void A_triplets_score_is_that_of_its_value_and_the_means_of_its_vectors()
    {
        using var scope = NewDisposeScope();
        Tensor down = tensor(new double[,] { { 1, 3, 5 }, { 2, 4, 9 } }); // rows: means 3, 5
        Tensor up = tensor(new double[,] { { 1, 2 }, { 3, 6 } }); // columns: means 2, 4
        Assert.Equal([15.0, 29], RankAllocation.Scores(down, tensor(new double[,] { { 10 }, { 20 } }), up).data<double>());
    }

    [Fact]
    public void All_with_the_score_of_the_last_that_goes_go_with_it()
    {
        double[][] scores = [[1, 2, 2], [3, 2]];
        Assert.Equal<bool[]>([[true, true, true], [true, true]], RankAllocation.Kept(scores, 5));
        Assert.Equal<bool[]>([[false, true, true], [true, true]], RankAllocation.Kept(scores, 4));
        // Two are too many: 1 and one of three 2s.
        Assert.Equal<bool[]>([[false, false, false], [true, false]], RankAllocation.Kept(scores, 3));
        Assert.Equal<bool[]>([[false, false, false], [false, false]], RankAllocation.Kept(scores, 0));
    }

    [Fact]
    public void Orthogonality_is_the_mean_of_the_distances()
    {
        using var scope = NewDisposeScope();
        Tensor first = tensor(new double[,] { { 2, 0 } }).requires_grad_(); // A Aᵀ = 4
        Tensor firstUp = tensor(new double[,] { { 1 }, { 1 } }); // Bᵀ B = 2
        Tensor second = tensor(new double[,] { { 0, 1 }, { 1, 0 } }).requires_grad_(); // orthonormal
        Tensor secondUp = tensor(new double[,] { { 1, 1 }, { 0, 1 } }); // Bᵀ B − I = [0 1; 1 1], of norm √3
        Tensor empty = zeros([0, 5], ScalarType.Float64), emptyUp = zeros([3, 0], ScalarType.Float64);
        Tensor distance = RankAllocation.Orthogonality([(first, firstUp), (second, secondUp), (empty, emptyUp)]);
        Assert.Equal((3 + 1 + 0 + Math.Sqrt(3)) / 6, distance.Number(), 1e-15);
        distance.backward();
        // d(a² + b² − 1) = 2a, 2b, a sixth of it; nothing where the distance is 0.
        Assert.Equal([4 / 6.0, 0], first.grad!.data<double>());
        Assert.Equal([0.0, 0, 0, 0], second.grad!.data<double>());
    }
}
