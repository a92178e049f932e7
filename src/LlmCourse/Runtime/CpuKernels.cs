using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Runtime;

/// <summary>
/// Products of a few rows with a large matrix in fp32 on the CPU, where the time is that of streaming the weights: torch's
/// own kernels reach a third to two thirds of the memory bandwidth there. No gradient is recorded.
/// </summary>
internal static unsafe partial class CpuKernels
{
    /// <summary>Up to how many rows the weights' bandwidth decides.</summary>
    private const int MaxRows = PackedRows.Lanes;

    /// <summary>From how many rows on they are multiplied side by side.</summary>
    private const int FewestPacked = 3;

    private const int SmallestShare = 16 * 1024; // multiply-adds that are worth a second thread

    private const int LargeShare = 1024 * 1024;

    /// <summary>Whether these kernels may stand in for torch's here.</summary>
    public static bool Take(Tensor x) =>
        Vector256.IsHardwareAccelerated && x.dtype == ScalarType.Float32 && x.device_type == DeviceType.CPU && x.numel() > 0;

    /// <summary>x Wᵀ + b for x [.., K] of few rows and W [N, K], or null where torch is better.</summary>
    public static Tensor? Linear(Tensor x, Tensor weight, Tensor? bias)
    {
        long inner = weight.size(1), outer = weight.size(0), rows = x.numel() / Math.Max(inner, 1);
        if (rows is 0 or > MaxRows || weight.dtype != ScalarType.Float32 || !x.is_contiguous() || !weight.is_contiguous() || x.size(-1) != inner)
            return null;
        long[] shape = x.shape;
        shape[^1] = outer;
        Tensor result = Result(shape);
        float* input = Data(x), matrix = Data(weight), output = Data(result), added = bias is null ? null : Data(bias);
        if (rows < FewestPacked)
        {
            Share(outer, rows * inner, (from, to) => Multiply(input, matrix, added, output, (int)rows, inner, outer, from, to));
        }
        else
        {
            using Tensor packed = Result(inner, PackedRows.Lanes);
            float* lanes = Data(packed);
            PackedRows.Pack(input, lanes, (int)rows, inner);
            Share(outer, rows * inner, (from, to) => PackedRows.Multiply(lanes, matrix, added, output, (int)rows, inner, outer, from, to));
        }

        KeepAlive(x, weight, bias);
        return result;
    }

    /// <summary>Room for a result: the pointers take fp32 on the CPU for granted, whatever torch's defaults are.</summary>
    public static Tensor Result(params long[] shape) => empty(shape, ScalarType.Float32, CPU);

    /// <summary>The first element; the tensor must be contiguous and outlive the pointer.</summary>
    public static float* Data(Tensor tensor) => (float*)Address(tensor);

    /// <summary>Where its first element is.</summary>
    public static nint Address(Tensor tensor) => THSTensor_data(tensor.Handle);

    /// <summary>Behind the last use of their pointers: a tensor that nobody refers to any more may be freed at any time.</summary>
    public static void KeepAlive(params ReadOnlySpan<Tensor?> tensors)
    {
        foreach (Tensor? tensor in tensors)
            GC.KeepAlive(tensor);
    }

    /// <summary>Splits a range of output columns between as many threads as torch uses.</summary>
    public static void Share(long columns, long costOfOne, Action<long, long> work)
    {
        long threads = Math.Min(get_num_threads(), Math.Max(1, columns * costOfOne / SmallestShare));
        if (threads == 1)
        {
            work(0, columns);
            return;
        }

        // More shares than threads where there is much to do: a thread that is held up leaves some to the others.
        long shares = threads * (columns * costOfOne > threads * LargeShare ? 4 : 1);
        long block = ((columns + shares - 1) / shares + 7) & ~7L;
        ThreadTeam.Run((int)threads, (int)shares, i => work(Math.Min(i * block, columns), Math.Min((i + 1) * block, columns)));
    }

    // output[r, n] = Σ_k input[r, k] · matrix[n, k] + bias[n] for n in [from, to)
    private static void Multiply(float* input, float* matrix, float* bias, float* output, int rows, long inner, long outer, long from, long to)
    {
        for (long n = from; n < to; n++)
        {
            for (int r = 0; r < rows; r++)
                output[(r * outer) + n] = Dot(input + (r * inner), matrix + (n * inner), inner) + (bias is null ? 0 : bias[n]);
        }
    }

    // One row of the matrix after the other: memory is read fastest in one stream.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Dot(float* x, float* w, long length)
    {
        Vector256<float> a = default, b = default, c = default, d = default;
        long k = 0;
        for (; k <= length - 32; k += 32)
        {
            a = Vector256.FusedMultiplyAdd(Vector256.Load(x + k), Vector256.Load(w + k), a);
            b = Vector256.FusedMultiplyAdd(Vector256.Load(x + k + 8), Vector256.Load(w + k + 8), b);
            c = Vector256.FusedMultiplyAdd(Vector256.Load(x + k + 16), Vector256.Load(w + k + 16), c);
            d = Vector256.FusedMultiplyAdd(Vector256.Load(x + k + 24), Vector256.Load(w + k + 24), d);
        }

        for (; k <= length - 8; k += 8)
            a = Vector256.FusedMultiplyAdd(Vector256.Load(x + k), Vector256.Load(w + k), a);
        float sum = Vector256.Sum(a + b + (c + d));
        for (; k < length; k++)
            sum += x[k] * w[k];
        return sum;
    }

    [LibraryImport("LibTorchSharp")]
    private static partial nint THSTensor_data(nint handle);
}
