using LlmCourse.Data;

namespace LlmCourse.Tests.Data;

public sealed class BatchPlanTests
{
    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void Every_example_is_in_every_epoch_once(bool packing, bool grouped)
    {
        int[] lengths = Lengths(1000);
        BatchOptions options = new() { Size = 7, Packing = packing, GroupByLength = grouped };
        for (int epoch = 0; epoch < 3; epoch++)
        {
            int[][][] plan = BatchPlan.Of(lengths, options, 64, 5, epoch);
            Assert.Equal(Enumerable.Range(0, 1000), plan.SelectMany(batch => batch).SelectMany(row => row).Order());
            Assert.All(plan, batch => Assert.InRange(batch.Length, 1, 7));
            Assert.All(plan.SelectMany(batch => batch), row => Assert.True(row.Length == 1 || row.Sum(example => lengths[example]) <= 64));
        }
    }

    [Fact]
    public void The_order_is_a_function_of_seed_and_epoch()
    {
        int[] lengths = Lengths(100);
        BatchOptions options = new();
        Assert.Equal(BatchPlan.Of(lengths, options, 64, 5, 1), BatchPlan.Of(lengths, options, 64, 5, 1));
        Assert.NotEqual(BatchPlan.Of(lengths, options, 64, 5, 1), BatchPlan.Of(lengths, options, 64, 5, 2));
        Assert.NotEqual(BatchPlan.Of(lengths, options, 64, 5, 1), BatchPlan.Of(lengths, options, 64, 6, 1));
        Assert.Equal(Enumerable.Range(0, 100), BatchPlan.Of(lengths, options with { Shuffle = false }, 64, 5, 1).SelectMany(batch => batch).SelectMany(row => row));
    }

    [Fact]
    public void Grouping_spends_less_on_padding()
    {
        int[] lengths = Lengths(1000);
        int Padding(bool grouped) => BatchPlan.Of(lengths, new BatchOptions { GroupByLength = grouped }, 64, 5, 0)
            .Sum(batch => (batch.Max(row => lengths[row[0]]) * batch.Length) - batch.Sum(row => lengths[row[0]]));
        Assert.True(Padding(true) < Padding(false) / 4, $"{Padding(true)} of {Padding(false)}");
    }

    [Fact]
    public void Packing_puts_each_example_where_it_leaves_the_least_room()
    {
        // Longest first into rows of 10: 7 | 6 | 4 fits the 6 exactly | 3 fits the 7 exactly | 2 needs a row of its own.
        int[] lengths = [3, 6, 7, 2, 4];
        Assert.Equal([[0, 2], [1, 4], [3]], BatchPlan.Pack([0, 1, 2, 3, 4], lengths, 10));
    }

    private static int[] Lengths(int count)
    {
        Random random = new(3);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(1, 64))];
    }
}
