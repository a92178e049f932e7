using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Runtime;

/// <summary>
/// Products of a wide matrix with a narrow one, as low-rank adapters have them, where the time is that of reading the wide one:
/// libraries prepare it for a product that never comes. fp32 on the CPU, no gradient.
/// </summary>
internal static unsafe class CpuNarrow
{
    private const int Lanes = 8;

    private const int Widest = 64; // ranks above are real matrices

    private const int BlockRows = 8; // of the wide matrix: they stay in the nearest cache between the two uses

    // Sums over rows are made in as many parts whatever the number of threads, and joined in order: the same bits every time.
    private const int Parts = 8;

    /// <summary>Whether these kernels stand in for torch's: fp32 on the CPU, a rank of at most 64.</summary>
    public static bool Take(Tensor wide, long rank) => Kernels.Fast && rank <= Widest && CpuKernels.Take(wide);

    /// <summary>x [N, K] and a [r, K], contiguous: s · x aᵀ [N, r].</summary>
    public static Tensor Inner(Tensor x, Tensor a, double scale)
    {
        (long rows, long width, long rank) = (x.size(0), x.size(1), a.size(0));
        Tensor result = CpuKernels.Result(rows, rank);
        float* from = CpuKernels.Data(x), narrow = CpuKernels.Data(a), to = CpuKernels.Data(result);
        CpuKernels.Share(rows, width * rank, (first, last) => Inner(from + (first * width), narrow, to + (first * rank), last - first, width, rank, (float)scale));
        CpuKernels.KeepAlive(x, a);
        return result;
    }

    /// <summary>n [N, r] and x [N, K], contiguous: nᵀ x [r, K].</summary>
    public static Tensor Outer(Tensor n, Tensor x) => Pass(x, n, null, 0).Outer;

    /// <summary>One pass over g [N, M] for b [r, M] and n [N, r], all contiguous: s · g bᵀ [N, r] and nᵀ g [r, M].</summary>
    public static (Tensor Inner, Tensor Outer) Both(Tensor g, Tensor n, Tensor b, double scale)
    {
        (Tensor? inner, Tensor outer) = Pass(g, n, b, scale);
        return (inner!, outer);
    }

    private static (Tensor? Inner, Tensor Outer) Pass(Tensor wide, Tensor narrow, Tensor? other, double scale)
    {
        (long rows, long width, long rank) = (wide.size(0), wide.size(1), narrow.size(1));
        long part = (rows + Parts - 1) / Parts;
        Tensor? inner = other is null ? null : CpuKernels.Result(rows, rank);
        using Tensor sums = zeros([Parts, rank, width], ScalarType.Float32, CPU);
        float* from = CpuKernels.Data(wide), n = CpuKernels.Data(narrow), b = other is null ? null : CpuKernels.Data(other);
        float* dots = inner is null ? null : CpuKernels.Data(inner), sum = CpuKernels.Data(sums);
        CpuKernels.Share(Parts, part * width * rank * 2, (first, last) =>
        {
            for (long row = first * part; row < Math.Min(rows, last * part);)
            {
                long count = Math.Min(BlockRows, Math.Min(rows, ((row / part) + 1) * part) - row);
                if (b is not null)
                    Inner(from + (row * width), b, dots + (row * rank), count, width, rank, (float)scale);
                Outer(n + (row * rank), from + (row * width), sum + (row / part * rank * width), count, width, rank);
                row += count;
            }
        });
        CpuKernels.KeepAlive(wide, narrow, other);
        return (inner, sums.sum([0]));
    }

    // to[i, r] = scale · Σ_k x[i, k] · a[r, k]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Inner(float* x, float* a, float* to, long rows, long width, long rank, float scale)
    {
        long i = 0;
        for (; i <= rows - 2; i += 2)
        {
            long r = 0;
            for (; r <= rank - 4; r += 4)
                Dots2By4(x + (i * width), a + (r * width), to + (i * rank) + r, width, rank, scale);
            for (; r < rank; r++)
            {
                to[(i * rank) + r] = scale * Dot(x + (i * width), a + (r * width), width);
                to[((i + 1) * rank) + r] = scale * Dot(x + ((i + 1) * width), a + (r * width), width);
            }
        }

        for (; i < rows; i++)
        {
            for (long r = 0; r < rank; r++)
                to[(i * rank) + r] = scale * Dot(x + (i * width), a + (r * width), width);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Dot(float* x, float* a, long width)
    {
        Vector256<float> sums = default;
        long k = 0;
        for (; k <= width - Lanes; k += Lanes)
            sums = Vector256.FusedMultiplyAdd(Vector256.Load(x + k), Vector256.Load(a + k), sums);
        float sum = Vector256.Sum(sums);
        for (; k < width; k++)
            sum += x[k] * a[k];
        return sum;
    }

    // Two rows against four: eight chains keep both multipliers busy.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Dots2By4(float* x, float* a, float* to, long width, long rank, float scale)
    {
        Vector256<float> p0 = default, p1 = default, p2 = default, p3 = default, q0 = default, q1 = default, q2 = default, q3 = default;
        float* y = x + width, a1 = a + width, a2 = a1 + width, a3 = a2 + width;
        long k = 0;
        for (; k <= width - Lanes; k += Lanes)
        {
            Vector256<float> p = Vector256.Load(x + k), q = Vector256.Load(y + k), v = Vector256.Load(a + k);
            p0 = Vector256.FusedMultiplyAdd(p, v, p0);
            q0 = Vector256.FusedMultiplyAdd(q, v, q0);
            v = Vector256.Load(a1 + k);
            p1 = Vector256.FusedMultiplyAdd(p, v, p1);
            q1 = Vector256.FusedMultiplyAdd(q, v, q1);
            v = Vector256.Load(a2 + k);
            p2 = Vector256.FusedMultiplyAdd(p, v, p2);
            q2 = Vector256.FusedMultiplyAdd(q, v, q2);
            v = Vector256.Load(a3 + k);
            p3 = Vector256.FusedMultiplyAdd(p, v, p3);
            q3 = Vector256.FusedMultiplyAdd(q, v, q3);
        }

        Vector128<float> first = Vector128.Create(Vector256.Sum(p0), Vector256.Sum(p1), Vector256.Sum(p2), Vector256.Sum(p3));
        Vector128<float> second = Vector128.Create(Vector256.Sum(q0), Vector256.Sum(q1), Vector256.Sum(q2), Vector256.Sum(q3));
        for (; k < width; k++)
        {
            Vector128<float> v = Vector128.Create(a[k], a1[k], a2[k], a3[k]);
            first += v * x[k];
            second += v * y[k];
        }

        (first * scale).Store(to);
        (second * scale).Store(to + rank);
    }

    // to[r, k] += Σ_i n[i, r] · x[i, k]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Outer(float* n, float* x, float* to, long rows, long width, long rank)
    {
        long r = 0;
        for (; r <= rank - 4; r += 4)
            Sums4(n + r, x, to + (r * width), rows, width, rank);
        for (; r < rank; r++)
        {
            for (long i = 0; i < rows; i++)
                AddRow(n[(i * rank) + r], x + (i * width), to + (r * width), width);
        }
    }

    private static void AddRow(float factor, float* x, float* to, long width)
    {
        Vector256<float> wide = Vector256.Create(factor);
        long k = 0;
        for (; k <= width - Lanes; k += Lanes)
            Vector256.FusedMultiplyAdd(wide, Vector256.Load(x + k), Vector256.Load(to + k)).Store(to + k);
        for (; k < width; k++)
            to[k] += factor * x[k];
    }

    // Four sums over two vectors of columns at a time.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Sums4(float* n, float* x, float* to, long rows, long width, long rank)
    {
        float* to1 = to + width, to2 = to1 + width, to3 = to2 + width;
        long k = 0;
        for (; k <= width - (2 * Lanes); k += 2 * Lanes)
        {
            Vector256<float> p0 = Vector256.Load(to + k), p1 = Vector256.Load(to1 + k), p2 = Vector256.Load(to2 + k), p3 = Vector256.Load(to3 + k);
            Vector256<float> q0 = Vector256.Load(to + k + Lanes), q1 = Vector256.Load(to1 + k + Lanes), q2 = Vector256.Load(to2 + k + Lanes), q3 = Vector256.Load(to3 + k + Lanes);
            float* row = x + k, factors = n;
            for (long i = 0; i < rows; i++, row += width, factors += rank)
            {
                Vector256<float> p = Vector256.Load(row), q = Vector256.Load(row + Lanes), factor = Vector256.Create(factors[0]);
                p0 = Vector256.FusedMultiplyAdd(p, factor, p0);
                q0 = Vector256.FusedMultiplyAdd(q, factor, q0);
                factor = Vector256.Create(factors[1]);
                p1 = Vector256.FusedMultiplyAdd(p, factor, p1);
                q1 = Vector256.FusedMultiplyAdd(q, factor, q1);
                factor = Vector256.Create(factors[2]);
                p2 = Vector256.FusedMultiplyAdd(p, factor, p2);
                q2 = Vector256.FusedMultiplyAdd(q, factor, q2);
                factor = Vector256.Create(factors[3]);
                p3 = Vector256.FusedMultiplyAdd(p, factor, p3);
                q3 = Vector256.FusedMultiplyAdd(q, factor, q3);
            }

            p0.Store(to + k);
            p1.Store(to1 + k);
            p2.Store(to2 + k);
            p3.Store(to3 + k);
            q0.Store(to + k + Lanes);
            q1.Store(to1 + k + Lanes);
            q2.Store(to2 + k + Lanes);
            q3.Store(to3 + k + Lanes);
        }

        for (; k < width; k++)
        {
            for (long i = 0; i < rows; i++)
            {
                float value = x[(i * width) + k];
                float* factors = n + (i * rank);
                to[k] += factors[0] * value;
                to1[k] += factors[1] * value;
                to2[k] += factors[2] * value;
                to3[k] += factors[3] * value;
            }
        }
    }
}
