using LlmCourse.Generation;
using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Generation;

public sealed class BeamCandidatesTests
{
    private const float No = float.NegativeInfinity;

    [SkippableFact]
    public void The_best_come_first_and_of_equal_ones_the_smaller_place()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor sums = tensor([1f, 5f, No, 5f, 2f, 3f, No, No, 1f, No], [2, 5], device: TestDevice.Device);
        Assert.Equal([[1, 3, 4], [0, 3]], BeamCandidates.Best(sums, 3));

        // Far more of the same score than are looked at first: still those with the smallest places.
        Tensor equal = cat([zeros(1, 50, device: TestDevice.Device), ones(1, 150, device: TestDevice.Device)], 1);
        Assert.Equal([[50, 51, 52, 53]], BeamCandidates.Best(equal, 4));
    }

    [SkippableTheory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(No)]
    public void Where_nothing_can_be_chosen_it_says_so(float sum)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor sums = cat([zeros(1, 4, device: TestDevice.Device), full([1, 4], sum, device: TestDevice.Device)]);
        Assert.Contains("row 1", Assert.Throws<GenerationException>(() => BeamCandidates.Best(sums, 2)).Message, StringComparison.Ordinal);
        Assert.Throws<GenerationException>(() => BeamCandidates.Drawn(sums, 2, [[0.1, 0.2], [0.1, 0.2]]));
    }

    /// <summary>.5 .3 .2: .6 falls into the second; without it .5 and .2 are left, of .7, and .72 · .7 = .504 falls into the third.</summary>
    [Theory]
    [InlineData(0.6, 0.72, new[] { 1, 2 })]
    [InlineData(0.6, 0.71, new[] { 1, 0 })]
    [InlineData(0, 0, new[] { 0, 1 })]
    [InlineData(0.9999999, 0.9999999, new[] { 2, 1 })]
    public void Nothing_is_put_back(double first, double second, int[] expected) =>
        Assert.Equal(expected, BeamCandidates.Draw([0.5, 0.3, 0.2], false, 2, [first, second]));

    [Fact]
    public void A_list_that_ends_too_early_says_so_and_one_that_is_empty_gives_what_there_is()
    {
        Assert.Equal([0], BeamCandidates.Draw([0.5, 0.3], true, 1, [0.49])!);
        Assert.Null(BeamCandidates.Draw([0.5, 0.3], true, 1, [0.81]));
        Assert.Null(BeamCandidates.Draw([0.5, 0.3], true, 2, [0.49, 0.61])); // .61 · .5 = .305, behind .3
        Assert.Equal([1, 0], BeamCandidates.Draw([0.5, 0.5, 0], false, 3, [0.7, 0.7, 0.7])!);
    }

    /// <summary>Two draws of Zipf's law without putting back: p(i, j) = p_i p_j / (1 − p_i); beyond the list too.</summary>
    [SkippableFact]
    public void Draws_follow_the_law()
    {
        using DisposeScope scope = NewDisposeScope();
        const int Vocabulary = 600, Prompts = 400, Times = 20;
        double[] weights = [.. Enumerable.Range(0, Vocabulary).Select(i => 1 / Math.Pow(i + 1, 1.1))];
        double total = weights.Sum();
        double[] p = [.. weights.Select(weight => weight / total)];
        Tensor sums = tensor([.. weights.Select(weight => (float)(Math.Log(weight) - 3))], [1, Vocabulary], device: TestDevice.Device).expand(Prompts, Vocabulary);
        Dictionary<(long, long), int> counts = [];
        for (int step = 0; step < Times; step++)
        {
            double[][] uniforms = [.. Enumerable.Range(0, Prompts).Select(g => (double[])[Philox.Uniform(1, g, step), Philox.Uniform(2, g, step)])];
            foreach (long[] pair in BeamCandidates.Drawn(sums, 2, uniforms))
                counts[(pair[0], pair[1])] = counts.GetValueOrDefault((pair[0], pair[1])) + 1;
        }

        (long, long)[] cells = [.. Enumerable.Range(0, 8).SelectMany(i => Enumerable.Range(0, 8).Where(j => j != i).Select(j => ((long)i, (long)j)))];
        double[] expected = [.. cells.Select(cell => p[cell.Item1] * p[cell.Item2] / (1 - p[cell.Item1]))];
        int[] found = [.. cells.Select(cell => counts.GetValueOrDefault(cell))];
        Assert.True(ChiSquare.PValue([.. found, (Prompts * Times) - found.Sum()], [.. expected, 1 - expected.Sum()]) > 1e-4);
        Assert.Contains(counts.Keys, pair => pair.Item1 >= 512 || pair.Item2 >= 512);
        Assert.DoesNotContain(counts.Keys, pair => pair.Item1 == pair.Item2);
    }
}
