using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Runtime;

/// <summary>What Linux and its C library are told about memory.</summary>
internal static partial class NativeMemory
{
    private const int TrimThreshold = -1, MapThreshold = -3; // M_TRIM_THRESHOLD, M_MMAP_THRESHOLD
    private const int SmallestMapped = 256 << 10;
    private const int Usual = 32 << 20; // what glibc raises its threshold to by itself where large blocks come and go

    private const int LargePages = 14; // MADV_HUGEPAGE
    private const int SmallestOnLargePages = 1 << 20;

    /// <summary>
    /// Until disposed of, and for the whole process: what is freed stays for the next step, which needs as much again, instead of
    /// going back to the system and coming from it page by page; or, if <paramref name="compact"/>, every large block is mapped by
    /// itself, so that its memory goes back when it is freed. Does nothing where the C library has no such settings.
    /// </summary>
    public static IDisposable ForTraining(bool compact)
    {
        Set(MapThreshold, compact ? SmallestMapped : Usual);
        Set(TrimThreshold, compact ? 2 * Usual : int.MaxValue);
        return new Restored();
    }

    /// <summary>
    /// Asks for large pages under a tensor on the CPU that has not been written to yet: weights are read from end to end at every
    /// step, and on small pages that costs a fifth of the memory's speed. Does nothing where the system has none.
    /// </summary>
    public static void PreferLargePages(Tensor tensor)
    {
        long bytes = tensor.numel() * tensor.element_size();
        if (bytes < SmallestOnLargePages || tensor.device_type != DeviceType.CPU)
            return;
        // Outwards to whole small pages: blocks that touch each other make one range.
        nint page = Environment.SystemPageSize, address = CpuKernels.Address(tensor), start = address / page * page, end = (address + (nint)bytes + page - 1) / page * page;
        Call(() => MAdvise(start, end - start, LargePages));
        GC.KeepAlive(tensor);
    }

    private static void Set(int parameter, int bytes) => Call(() => MallOpt(parameter, bytes));

    private static void Call(Func<int> function)
    {
        if (!OperatingSystem.IsLinux())
            return;
        try
        {
            _ = function();
        }
        catch (Exception error) when (error is EntryPointNotFoundException or DllNotFoundException)
        {
            // another C library
        }
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int MAdvise(nint start, nint length, int advice);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int MallOpt(int parameter, int value);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int MallocTrim(nint padding);

    private sealed class Restored : IDisposable
    {
        public void Dispose()
        {
            Set(MapThreshold, Usual);
            Set(TrimThreshold, 2 * Usual);
            Call(() => MallocTrim(0));
        }
    }
}
