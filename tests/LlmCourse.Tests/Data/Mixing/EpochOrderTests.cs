using LlmCourse.Data;

namespace LlmCourse.Tests.Data;

public sealed class EpochOrderTests
{
    [Fact]
    public void It_is_a_permutation_that_depends_on_seed_epoch_and_count()
    {
        int[] order = EpochOrder.Of(seed: 1, epoch: 2, count: 1000);
        Assert.Equal(Enumerable.Range(0, 1000), order.Order());
        Assert.Equal(order, EpochOrder.Of(1, 2, 1000));
        Assert.NotEqual(order, EpochOrder.Of(2, 2, 1000));
        Assert.NotEqual(order, EpochOrder.Of(1, 3, 1000));
        Assert.Empty(EpochOrder.Of(1, 2, 0));
        Assert.Equal([0], EpochOrder.Of(1, 2, 1));
    }

    [Fact]
    public void All_orders_are_equally_likely()
    {
        // 3! = 6 orders in 6,000 epochs: chi-square with 5 degrees of freedom stays below 25.7 in all but one case of 10,000.
        double[] counts = [.. Enumerable.Range(0, 6000).Select(epoch => string.Concat(EpochOrder.Of(7, epoch, 3))).CountBy(order => order).Select(order => (double)order.Value)];
        Assert.Equal(6, counts.Length);
        Assert.InRange(counts.Sum(count => (count - 1000) * (count - 1000) / 1000), 0, 25.7);
    }
}
