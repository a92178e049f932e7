using LlmCourse.Evaluation;

namespace LlmCourse.Tests.Evaluation;

public sealed class ComparisonTests
{
    [Fact]
    public void Percentiles_are_interpolated()
    {
        // Of 0, 1, 2, 3, 4 the 10th percentile is at place 0.4 and the 90th at 3.6.
        (double low, double median, double high) = Bootstrap.Percentiles([4, 2, 0, 3, 1], 0.8);
        Assert.Equal((0.4, 2, 3.6), (Math.Round(low, 12), median, Math.Round(high, 12)));
    }

    [Fact]
    public void The_interval_of_a_mean_is_about_two_standard_errors_to_either_side()
    {
        // 400 values, half 0 and half 1: standard error 0.5 / 20, so 0.5 ± 1.96 · 0.025 = 0.451 to 0.549.
        Estimate mean = Bootstrap.Mean(Enumerable.Range(0, 400).Select(i => i % 2.0));
        Assert.Equal(0.5, mean.Value);
        Assert.Equal(0.451, mean.Low, 0.01);
        Assert.Equal(0.549, mean.High, 0.01);
    }

    [Fact]
    public void A_seed_gives_the_same_interval_and_another_seed_another()
    {
        double[] values = [1, 5, 2, 8, 3, 9, 4];
        Assert.Equal(Bootstrap.Mean(values, new() { Seed = 3 }), Bootstrap.Mean(values, new() { Seed = 3 }));
        Assert.NotEqual(Bootstrap.Mean(values, new() { Seed = 3, Resamples = 20 }), Bootstrap.Mean(values, new() { Seed = 4, Resamples = 20 }));
        Assert.Equal(new Estimate(2, 2, 2), Bootstrap.Mean([2, 2, 2]));
        // A higher confidence is a wider interval.
        (Estimate narrow, Estimate wide) = (Bootstrap.Mean(values, new() { Confidence = 0.5 }), Bootstrap.Mean(values, new() { Confidence = 0.99 }));
        Assert.True(wide.Low < narrow.Low && narrow.High < wide.High);
    }

    [Fact]
    public void Every_example_is_drawn_about_equally_often()
    {
        int[] counts = new int[10];
        foreach (int[] sample in Bootstrap.Samples(10, new BootstrapOptions { Resamples = 10_000 }))
        {
            foreach (int i in sample)
                counts[i]++;
        }

        // 100,000 draws: 10,000 each, standard deviation 95.
        Assert.All(counts, count => Assert.InRange(count, 9500, 10_500));
    }

    [Fact]
    public void Equal_systems_do_not_differ()
    {
        PairedComparison comparison = PairedBootstrap.Compare([1, 2, 3, 4], [1, 2, 3, 4]);
        Assert.Equal(new Estimate(0, 0, 0), comparison.Difference);
        Assert.Equal((1, 0.5), (comparison.PValue, comparison.WinRate));
    }

    [Fact]
    public void A_constant_gain_is_certain()
    {
        PairedComparison comparison = PairedBootstrap.Compare([1, 5, 2, 8], [2, 6, 3, 9]);
        Assert.Equal((4, 5), (comparison.Baseline, comparison.Candidate));
        Assert.Equal(new Estimate(1, 1, 1), comparison.Difference);
        Assert.Equal(1.0 / 1001, comparison.PValue); // no centred difference is as large as 1
        Assert.Equal(1, comparison.WinRate);
    }

    [Fact]
    public void A_paired_gain_shows_where_the_examples_differ_more_than_the_systems()
    {
        Random random = new(7);
        double[] baseline = [.. Enumerable.Range(0, 200).Select(_ => random.NextDouble())];
        double[] better = [.. baseline.Select(score => score + 0.02 + (0.05 * (random.NextDouble() - 0.5)))];
        double[] noise = [.. baseline.Select(score => score + (0.05 * (random.NextDouble() - 0.5)))];
        PairedComparison gain = PairedBootstrap.Compare(baseline, better), none = PairedBootstrap.Compare(baseline, noise);
        Assert.True(gain.PValue < 0.01 && gain.Difference.Low > 0 && gain.WinRate > 0.99);
        Assert.True(none.PValue > 0.05 && none.Difference.Low < 0 && none.Difference.High > 0);
        // The other way round it is the same with the sign changed.
        PairedComparison loss = PairedBootstrap.Compare(better, baseline);
        Assert.Equal((-gain.Difference.Value, gain.PValue), (loss.Difference.Value, loss.PValue));
        Assert.Equal(-gain.Difference.Low, loss.Difference.High, 12);
    }

    /// <summary>With p-values made right, equal systems look different at the 10 % level about once in ten.</summary>
    [Fact]
    public void P_values_of_equal_systems_are_uniform()
    {
        Random random = new(8);
        int low = 0;
        for (int round = 0; round < 200; round++)
        {
            double[] a = [.. Enumerable.Range(0, 40).Select(_ => random.NextDouble())], b = [.. Enumerable.Range(0, 40).Select(_ => random.NextDouble())];
            low += PairedBootstrap.Compare(a, b, new() { Resamples = 200, Seed = round }).PValue <= 0.1 ? 1 : 0;
        }

        // 20 expected, standard deviation 4.2.
        Assert.InRange(low, 7, 36);
    }

    [Fact]
    public void Any_statistic_of_the_same_examples()
    {
        double[] a = [1, 2, 3, 9], b = [2, 2, 4, 9];
        Assert.Equal(PairedBootstrap.Compare(a, b), PairedBootstrap.Compare(4, chosen => chosen.Average(i => a[i]), chosen => chosen.Average(i => b[i])));
        Estimate largest = Bootstrap.Statistic(4, chosen => chosen.Max(i => a[i]));
        Assert.Equal((9, 9), (largest.Value, largest.High));
        IReadOnlyList<BleuScore> bleu = Bleu.Sentences(["a b c d e", "x y z w v"], [["a b c d e"], ["x y z q v"]]);
        Estimate corpus = Bootstrap.Statistic(2, chosen => Bleu.Combine(chosen.Select(i => bleu[i])).Score);
        Assert.Equal(100, corpus.High, 10);
        Assert.InRange(corpus.Value, corpus.Low, corpus.High);
    }

    [Theory]
    [InlineData(8, 2, 112.0 / 1024)] // twice (1 + 10 + 45) of 2^10
    [InlineData(2, 8, 112.0 / 1024)]
    [InlineData(5, 0, 2.0 / 32)]
    [InlineData(1, 1, 1)]
    [InlineData(0, 0, 1)]
    public void Sign_test(int wins, int losses, double p) => Assert.Equal(p, SignTest.PValue(wins, losses), 12);

    [Fact]
    public void Sign_test_of_scores_and_of_many()
    {
        Assert.Equal(2 * 4.0 / 8, SignTest.PValue([0, 0, 0, 5], [1, 0.5, -1, 5]), 12); // 2 wins, 1 loss, a tie: 2 · (1 + 3) / 8
        // 5,100 of 10,000: normal approximation with continuity correction z = (100 − ½) / 50 = 1.99, p = 0.0466.
        Assert.Equal(0.0466, SignTest.PValue(5100, 4900), 0.0002);
    }

    [Fact]
    public void Bad_input_is_refused()
    {
        Assert.Throws<ArgumentException>(() => PairedBootstrap.Compare([1, 2], [1]));
        Assert.Throws<ArgumentException>(() => PairedBootstrap.Compare([], []));
        Assert.Contains("candidate[1] is NaN", Assert.Throws<ArgumentException>(() => PairedBootstrap.Compare([1, 2], [1, double.NaN])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => PairedBootstrap.Compare(0, _ => 0, _ => 0));
        Assert.Throws<ArgumentException>(() => Bootstrap.Mean([]));
        Assert.Throws<ArgumentException>(() => Bootstrap.Mean([double.PositiveInfinity]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Bootstrap.Mean([1], new() { Resamples = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Bootstrap.Mean([1], new() { Confidence = 95 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => SignTest.PValue(-1, 2));
    }
}
