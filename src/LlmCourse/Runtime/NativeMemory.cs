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

    private static void Set(int bytes)
    {
        if (!OperatingSystem.IsLinux())
            return;
        try
        {
            _ = MallOpt(MapThreshold, bytes);
        }
        catch (Exception error) when (error is EntryPointNotFoundException or DllNotFoundException)
        {
            // another C library
        }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int MallOpt(int parameter, int value);

    private sealed class Restored : IDisposable
    {
        public void Dispose() => Set(Usual);
    }
}
