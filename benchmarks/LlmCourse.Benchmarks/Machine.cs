using System.Diagnostics;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Benchmarks;

/// <summary>What this machine can do at best, measured in the same run as everything that is compared with it.</summary>
internal static unsafe class Machine
{
    /// <summary>GB/s of reading 512 MB with the given number of threads; the best of five.</summary>
    public static double MemoryBandwidth(int threads)
    {
        const long bytes = 512L << 20;
        float[] buffer = GC.AllocateUninitializedArray<float>((int)(bytes / sizeof(float)));
        Array.Fill(buffer, 1f);
        float[] sums = new float[threads * 16];
        double best = double.MaxValue;
        for (int i = 0; i < 5; i++)
        {
            long start = Stopwatch.GetTimestamp();
            int share = buffer.Length / threads;
            Parallel.For(0, threads, t => sums[t * 16] = Sum(buffer.AsSpan(t * share, share)));
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return bytes / best / 1e9;
    }

    /// <summary>GFLOP/s of torch's fp32 product of two 2048² matrices; the best of three.</summary>
    public static double GemmRate()
    {
        using var scope = NewDisposeScope();
        Tensor a = rand(2048, 2048), b = rand(2048, 2048);
        double best = double.MaxValue;
        for (int i = 0; i < 4; i++)
        {
            long start = Stopwatch.GetTimestamp();
            a.mm(b).Dispose();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return 2.0 * 2048 * 2048 * 2048 / best / 1e9;
    }

    private static float Sum(Span<float> values)
    {
        Vector256<float> a = default, b = default, c = default, d = default;
        fixed (float* at = values)
        {
            for (int i = 0; i <= values.Length - 32; i += 32)
            {
                a += Vector256.Load(at + i);
                b += Vector256.Load(at + i + 8);
                c += Vector256.Load(at + i + 16);
                d += Vector256.Load(at + i + 24);
            }
        }

        return Vector256.Sum(a + b + c + d);
    }
}
