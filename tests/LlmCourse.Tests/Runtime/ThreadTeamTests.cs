using LlmCourse.Runtime;

namespace LlmCourse.Tests.Runtime;

public sealed class ThreadTeamTests
{
    public ThreadTeamTests() => NativeLibraries.EnsureLoaded();

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 7)]
    [InlineData(4, 1000)]
    [InlineData(16, 3)]
    public void Every_share_is_worked_on_once(int threads, int shares)
    {
        int[] visits = new int[shares];

        ThreadTeam.Run(threads, shares, share => Interlocked.Increment(ref visits[share]));

        Assert.All(visits, count => Assert.Equal(1, count));
    }

    [Fact]
    public void An_exception_comes_back_to_the_caller()
    {
        var error = Assert.ThrowsAny<Exception>(() => ThreadTeam.Run(2, 100, share =>
        {
            if (share == 50)
                throw new InvalidOperationException("share 50");
        }));

        Assert.Contains("share 50", error is AggregateException many ? many.InnerException!.Message : error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_threads_may_share_work_at_once()
    {
        long[] sums = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            long sum = 0;
            for (int round = 0; round < 50; round++)
                ThreadTeam.Run(2, 100, share => Interlocked.Add(ref sum, share));
            return sum;
        })));

        Assert.All(sums, sum => Assert.Equal(50 * 4950, sum));
    }

    [Fact]
    public async Task Collections_go_on_while_work_is_shared()
    {
        using CancellationTokenSource done = new();
        Task collections = Task.Run(() =>
        {
            while (!done.IsCancellationRequested)
                GC.Collect();
        });
        long sum = 0;
        for (int round = 0; round < 500; round++)
            ThreadTeam.Run(2, 8, share => Interlocked.Add(ref sum, new int[1000 + share].Length));
        await done.CancelAsync();
        await collections;

        Assert.Equal(500 * (8000 + 28), sum);
    }
}
