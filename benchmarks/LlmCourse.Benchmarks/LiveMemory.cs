using System.Runtime.InteropServices;

namespace LlmCourse.Benchmarks;

/// <summary>
/// What is allocated from the C library, in bytes: all tensors, and nothing that lies between them. A thread of its own looks every tenth of
/// a millisecond and remembers the most.
/// </summary>
internal sealed partial class LiveMemory : IDisposable
{
    private readonly Thread _watcher;
    private volatile bool _ends;
    private long _most;

    public LiveMemory()
    {
        _watcher = new Thread(Watch) { IsBackground = true, Priority = ThreadPriority.AboveNormal };
        _watcher.Start();
    }

    /// <summary>What is allocated now: in heaps, and mapped by itself.</summary>
    public static long Now
    {
        get
        {
            MallocInfo info = MallInfo();
            return (long)(info.InUse + info.Mapped);
        }
    }

    /// <summary>The most since the last time this was asked.</summary>
    public long TakeMost() => Math.Max(Now, Interlocked.Exchange(ref _most, 0));

    public void Dispose()
    {
        _ends = true;
        _watcher.Join();
    }

    private void Watch()
    {
        TimeSpec pause = new() { Nanoseconds = 100_000 };
        while (!_ends)
        {
            long now = Now;
            for (long most = Interlocked.Read(ref _most); now > most && Interlocked.CompareExchange(ref _most, now, most) != most; most = Interlocked.Read(ref _most))
            {
            }

            _ = NanoSleep(pause, 0);
        }
    }

    [LibraryImport("libc", EntryPoint = "mallinfo2")]
    private static partial MallocInfo MallInfo();

    [LibraryImport("libc", EntryPoint = "nanosleep")]
    private static partial int NanoSleep(in TimeSpec pause, nint left);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }

    // struct mallinfo2: arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost
    [StructLayout(LayoutKind.Sequential)]
    private struct MallocInfo
    {
        public nuint Arena;
        public nuint FreeChunks;
        public nuint FastChunks;
        public nuint Mappings;
        public nuint Mapped;
        public nuint Unused;
        public nuint FreeInFastChunks;
        public nuint InUse;
        public nuint Free;
        public nuint Top;
    }
}
