using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace LlmCourse.Runtime;

/// <summary>
/// The threads that share a piece of work: libtorch's own where they can be had (its OpenMP library is loaded then), since they wait
/// busily between two of its operators and threads of anybody else's would have to take the cores from them; else the thread pool's.
/// </summary>
internal static unsafe class ThreadTeam
{
    // void GOMP_parallel(void (*function)(void*), void* data, unsigned threads, unsigned flags): what a compiler makes of "#pragma omp parallel".
    private static readonly Lazy<nint> OpenMp = new(Find);

    /// <summary>Runs <paramref name="work"/> for every share in [0, shares), on this thread and as many others as make <paramref name="threads"/>; returns when all are done.</summary>
    public static void Run(int threads, int shares, Action<int> work)
    {
        nint parallel = OpenMp.Value;
        if (parallel == 0)
        {
            Parallel.For(0, shares, new ParallelOptions { MaxDegreeOfParallelism = threads }, work);
            return;
        }

        Job job = new(shares, work);
        GCHandle handle = GCHandle.Alloc(job);
        try
        {
            ((delegate* unmanaged[Cdecl]<delegate* unmanaged[Cdecl]<nint, void>, nint, uint, uint, void>)parallel)(&Work, GCHandle.ToIntPtr(handle), (uint)threads, 0);
        }
        finally
        {
            handle.Free();
        }

        job.Error?.Throw();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Work(nint job) => ((Job)GCHandle.FromIntPtr(job).Target!).Run();

    // Searched for in libtorch and what it depends on: there may be a second OpenMP library in the process.
    private static nint Find() =>
        OperatingSystem.IsLinux() && LinkMap.TryFind(NativeLoader.FileName("torch_cpu"), out nint library)
        && NativeLibrary.TryGetExport(library, "GOMP_parallel", out nint function) ? function : 0;

    private sealed class Job(int shares, Action<int> work)
    {
        private int _next;

        /// <summary>The first that went wrong: no exception may leave through native code.</summary>
        public ExceptionDispatchInfo? Error { get; private set; }

        // Whoever is done takes the next: a thread that is held up leaves some to the others.
        public void Run()
        {
            try
            {
                for (int share = Interlocked.Increment(ref _next) - 1; share < shares; share = Interlocked.Increment(ref _next) - 1)
                    work(share);
            }
            catch (Exception error)
            {
                Error ??= ExceptionDispatchInfo.Capture(error);
            }
        }
    }
}
