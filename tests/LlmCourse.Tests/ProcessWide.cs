using TorchSharp;

namespace LlmCourse.Tests;

/// <summary>Tests of counts that belong to the whole process run alone.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ProcessWide
{
    public const string Name = "Process-wide";

    /// <summary>
    /// Asserts that a piece of work leaves as many tensors alive as there were. It runs once before counting, for what is made
    /// once and kept.
    /// </summary>
    internal static void LeavesNoTensors(int times, Action<int> work)
    {
        work(-1);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long before = torch.Tensor.TotalCount;
        for (int i = 0; i < times; i++)
            work(i);
        // No collection here: a tensor that only a finalizer frees is one too many.
        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    /// <summary>
    /// Asserts that a piece of work leaves no tensor to the collector. For work that makes parameters, each of which TorchSharp
    /// counts twice and takes off once: what a collection does not change was freed.
    /// </summary>
    internal static void LeavesNoTensorsToCollect(Action work)
    {
        work();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        work();
        long after = torch.Tensor.TotalCount;
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal(torch.Tensor.TotalCount, after);
    }
}
