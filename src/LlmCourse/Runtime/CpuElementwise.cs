using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Runtime;

/// <summary>
/// What stands between the products, in one pass each where torch needs several: RMSNorm, rotation, gating. fp32 on the
/// CPU, no gradient.
/// </summary>
internal static unsafe class CpuElementwise
{
    private const int Lanes = 8;

    /// <summary>x / √(mean(x²) + ε) · w over the last dimension; x contiguous.</summary>
    public static Tensor RmsNorm(Tensor x, Tensor weight, double epsilon)
    {
        int size = (int)x.size(-1);
        Tensor result = CpuKernels.Result(x.shape);
        float* from = CpuKernels.Data(x), scale = CpuKernels.Data(weight), to = CpuKernels.Data(result);
        CpuKernels.Share(x.numel() / size, size, (first, last) =>
        {
            for (long r = first; r < last; r++)
                RmsNormRow(from + (r * size), scale, to + (r * size), size, (float)epsilon);
        });
        CpuKernels.KeepAlive(x, weight);
        return result;
    }

    /// <summary>
    /// Kernels.Rotate for x [B, T, H, d] of any strides but the last, cos and sin [B or 1, T, 1, d/2]; the result is contiguous.
    /// </summary>
    public static Tensor Rotate(Tensor x, Tensor cos, Tensor sin)
    {
        long batch = x.size(0), width = x.size(1), heads = x.size(2), size = x.size(3), half = cos.size(-1);
        Tensor result = CpuKernels.Result(batch, width, heads, size);
        float* from = CpuKernels.Data(x), c = CpuKernels.Data(cos), s = CpuKernels.Data(sin), to = CpuKernels.Data(result);
        long ofBatch = x.stride(0), ofColumn = x.stride(1), ofHead = x.stride(2);
        long anglesOfBatch = cos.size(0) == 1 ? 0 : cos.stride(0), anglesOfColumn = cos.stride(1);
        CpuKernels.Share(batch * width, heads * size, (first, last) =>
        {
            for (long i = first; i < last; i++)
            {
                long b = i / width, t = i % width, angles = (b * anglesOfBatch) + (t * anglesOfColumn);
                for (long h = 0; h < heads; h++)
                    RotateHead(from + (b * ofBatch) + (t * ofColumn) + (h * ofHead), c + angles, s + angles, to + (((i * heads) + h) * size), half, size);
            }
        });
        CpuKernels.KeepAlive(x, cos, sin);
        return result;
    }

    /// <summary>silu(gate) · up for views [.., n] whose rows lie a constant stride apart; the result is contiguous.</summary>
    public static Tensor GatedSilu(Tensor gate, Tensor up)
    {
        int size = (int)gate.size(-1);
        long rows = gate.numel() / size, ofGate = gate.stride(-2), ofUp = up.stride(-2);
        Tensor result = CpuKernels.Result(gate.shape);
        float* g = CpuKernels.Data(gate), u = CpuKernels.Data(up), to = CpuKernels.Data(result);
        CpuKernels.Share(rows, size * 8L, (first, last) =>
        {
            for (long r = first; r < last; r++)
                GatedSiluRow(g + (r * ofGate), u + (r * ofUp), to + (r * size), size);
        });
        CpuKernels.KeepAlive(gate, up);
        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RmsNormRow(float* x, float* weight, float* y, int size, float epsilon)
    {
        Vector256<float> squares = default;
        int i = 0;
        for (; i <= size - Lanes; i += Lanes)
        {
            Vector256<float> part = Vector256.Load(x + i);
            squares = Vector256.FusedMultiplyAdd(part, part, squares);
        }

        float sum = Vector256.Sum(squares);
        for (; i < size; i++)
            sum += x[i] * x[i];
        float factor = 1 / MathF.Sqrt((sum / size) + epsilon);
        for (i = 0; i <= size - Lanes; i += Lanes)
            (Vector256.Load(x + i) * factor * Vector256.Load(weight + i)).Store(y + i);
        for (; i < size; i++)
            y[i] = x[i] * factor * weight[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RotateHead(float* x, float* cos, float* sin, float* y, long half, long size)
    {
        long i = 0;
        for (; i <= half - Lanes; i += Lanes)
        {
            Vector256<float> a = Vector256.Load(x + i), b = Vector256.Load(x + half + i), c = Vector256.Load(cos + i), s = Vector256.Load(sin + i);
            ((a * c) - (b * s)).Store(y + i);
            ((b * c) + (a * s)).Store(y + half + i);
        }

        for (; i < half; i++)
        {
            y[i] = (x[i] * cos[i]) - (x[half + i] * sin[i]);
            y[half + i] = (x[half + i] * cos[i]) + (x[i] * sin[i]);
        }

        for (i = 2 * half; i < size; i++)
            y[i] = x[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void GatedSiluRow(float* gate, float* up, float* y, int size)
    {
        int i = 0;
        for (; i <= size - Lanes; i += Lanes)
        {
            Vector256<float> g = Vector256.Load(gate + i);
            (g / (Vector256<float>.One + Vector256.Exp(-g)) * Vector256.Load(up + i)).Store(y + i);
        }

        for (; i < size; i++)
            y[i] = gate[i] / (1 + MathF.Exp(-gate[i])) * up[i];
    }
}
