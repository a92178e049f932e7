using System.Runtime.InteropServices;

namespace LlmCourse.Runtime;

/// <summary>How the C library of Linux hands out memory.</summary>
internal static partial class NativeMemory
{
    private const int MapThreshold = -3; // M_MMAP_THRESHOLD
    private const int SmallestMapped = 256 << 10;
    private const int Usual = 32 << 20; // what glibc raises its threshold to by itself where large blocks come and go

    /// <summary>
    /// Maps every large block by itself until disposed of, so that its memory goes back to the system when it is freed and never
    /// stays behind as a hole that the next tensor does not fit into. It holds for the whole process. Does nothing where the
    /// C library has no such setting.
    /// </summary>
    public static IDisposable MapLargeBlocks()
    {
        Set(SmallestMapped);
        return new Restored();
    }

    /// <summary>Gives back what has been freed since, holes between live blocks included, where the C library can.</summary>
    public static void GiveBack() => Call(() => MallocTrim(0));

    private static void Set(int bytes) => Call(() => MallOpt(MapThreshold, bytes));

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
        public void Dispose() => Set(Usual);
    }
}
