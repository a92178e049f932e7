using System.Runtime.InteropServices;

namespace LlmCourse.Benchmarks;

/// <summary>The memory of this process as Linux counts it, in MB.</summary>
internal static partial class Memory
{
    /// <summary>Forgets the peak and gives what is resident now.</summary>
    public static double ResetPeak()
    {
        File.WriteAllText("/proc/self/clear_refs", "5");
        return Status("VmRSS:");
    }

    /// <summary>The most that was resident since.</summary>
    public static double Peak() => Status("VmHWM:");

    /// <summary>Gives what malloc holds and nobody uses back to the system.</summary>
    public static void Trim() => _ = MallocTrim(0);

    private static double Status(string key) => double.Parse(
        File.ReadLines("/proc/self/status").Single(line => line.StartsWith(key, StringComparison.Ordinal)).Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1],
        System.Globalization.CultureInfo.InvariantCulture) / 1024;

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int MallocTrim(nint padding);
}
