using LlmCourse.Evaluation;

namespace LlmCourse.Tests.Evaluation;

public sealed class RankingTests
{
    [Fact]
    public void The_area_counts_pairs_in_the_right_order()
    {
        // Positives 0.9 and 0.4 against negatives 0.4 and 0.1: three pairs right, one tied.
        Assert.Equal(3.5 / 4, Ranking.RocAuc([0.9, 0.4, 0.4, 0.1], [true, true, false, false]));
        Assert.Equal(0.5, Ranking.RocAuc([1, 1], [true, false]));
        Assert.Equal(0, Ranking.RocAuc([0, 1], [true, false]));
    }

    [Fact]
    public void Average_precision_is_taken_at_each_positive()
    {
        // In order: +, −, +: precision 1 and 2/3.
        Assert.Equal((1 + (2.0 / 3)) / 2, Ranking.AveragePrecision([0.9, 0.5, 0.1], [true, false, true]), 15);
        // Equal scores come together: 1 of 2.
        Assert.Equal(0.5, Ranking.AveragePrecision([1, 1], [true, false]));
    }

    [Fact]
    public void Correlations()
    {
        Assert.Equal(1, Ranking.Pearson([1, 2, 3], [10, 20, 30]), 15);
        // x − 2: −1 0 1; y − 5: −4 −1 5. (4 + 5) / √(2 · 42).
        Assert.Equal(9 / Math.Sqrt(84), Ranking.Pearson([1, 2, 3], [1, 4, 10]), 15);
        Assert.Equal(1, Ranking.Spearman([1, 2, 3], [1, 4, 10]), 15);
        // Ranks 1, 2.5, 2.5 and 1, 2, 3: (1 · 1 + ½ · 0 + ½ · 1) / √(1.5 · 2).
        Assert.Equal(1.5 / Math.Sqrt(3), Ranking.Spearman([1, 5, 5], [1, 4, 10]), 15);
        Assert.Equal(double.NaN, Ranking.Pearson([1, 1], [1, 2]));
    }

    [Fact]
    public void Bad_input_is_refused()
    {
        Assert.Throws<ArgumentException>(() => Ranking.RocAuc([1], [true]));
        Assert.Throws<ArgumentException>(() => Ranking.RocAuc([1, double.NaN], [true, false]));
        Assert.Throws<ArgumentException>(() => Ranking.RocAuc([1], [true, false]));
        Assert.Throws<ArgumentException>(() => Ranking.AveragePrecision([1], [false]));
        Assert.Throws<ArgumentException>(() => Ranking.Pearson([1], [1]));
        Assert.Throws<ArgumentException>(() => Ranking.Spearman([1, 2], [1, double.NaN]));
    }
}
