using System.Runtime.InteropServices;

namespace LlmCourse.Runtime;

/// <summary>How the C library of Linux hands out memory while a model is trained.</summary>
internal static partial class NativeMemory
{
    private const int TrimThreshold = -1, MapThreshold = -3; // M_TRIM_THRESHOLD, M_MMAP_THRESHOLD
    private const int SmallestMapped = 256 << 10;
    private const int Usual = 32 << 20; // what glibc raises its threshold to by itself where large blocks come and go

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
