using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace LlmCourse.Runtime;

/// <summary>
/// Up to eight rows against a large matrix. The rows lie side by side, one in each lane of a vector, so that every number of the
/// matrix is read once and multiplies all of them, and no sum has to be collected from the lanes of a vector.
/// </summary>
internal static unsafe class PackedRows
{
    /// <summary>The rows that go side by side.</summary>
    public const int Lanes = 8;

    private const int Together = 8; // rows of the matrix: as many chains keep both multipliers busy

    private const int CacheLine = 16; // numbers

    private const int Terms = 64; // that are added one behind the other: more would add up their rounding

    /// <summary>rows [r, K] → lanes [K, 8], with zeros behind the last row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Pack(float* rows, float* lanes, int count, long inner)
    {
        for (long k = 0; k < inner; k++)
        {
            for (int r = 0; r < Lanes; r++)
                lanes[(k * Lanes) + r] = r < count ? rows[(r * inner) + k] : 0;
        }
    }

    /// <summary>output[r, n] = Σ_k lanes[k, r] · matrix[n, k] + bias[n] for n in [from, to).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Multiply(float* lanes, float* matrix, float* bias, float* output, int count, long inner, long outer, long from, long to)
    {
        float* sums = stackalloc float[Together * Lanes];
        for (long n = from; n < to;)
        {
            int block = to - n < Together ? 1 : Together;
            new Span<float>(sums, block * Lanes).Clear();
            for (long k = 0; k < inner; k += Terms)
            {
                float* w = matrix + (n * inner) + k;
                int terms = (int)Math.Min(Terms, inner - k);
                if (block == 1)
                    Add(lanes + (k * Lanes), w, sums, terms);
                else
                    Add8(lanes + (k * Lanes), w, sums, terms, inner);
            }

            for (int i = 0; i < block; i++)
            {
                float added = bias is null ? 0 : bias[n + i];
                for (int r = 0; r < count; r++)
                    output[(r * outer) + n + i] = sums[(i * Lanes) + r] + added;
            }

            n += block;
        }
    }

    private static void Add(float* lanes, float* w, float* sums, int terms)
    {
        Vector256<float> a = default;
        for (int k = 0; k < terms; k++)
            a = Vector256.FusedMultiplyAdd(Vector256.Load(lanes + (k * Lanes)), Vector256.Create(w[k]), a);
        (Vector256.Load(sums) + a).Store(sums);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add8(float* lanes, float* w, float* sums, int terms, long inner)
    {
        Vector256<float> a0 = default, a1 = default, a2 = default, a3 = default, a4 = default, a5 = default, a6 = default, a7 = default;
        for (float* end = w + terms; w < end;)
        {
            // Eight short streams are none that the processor reads ahead: the next eight rows come along while these are multiplied.
            for (int i = 0; Sse.IsSupported && i < Together; i++)
                Sse.Prefetch1(w + ((Together + i) * inner));
            for (float* line = w + CacheLine < end ? w + CacheLine : end; w < line; w++, lanes += Lanes)
            {
                Vector256<float> x = Vector256.Load(lanes);
                float* v = w + (4 * inner);
                a0 = Vector256.FusedMultiplyAdd(x, Vector256.Create(w[0]), a0);
                a1 = Vector256.FusedMultiplyAdd(x, Vector256.Create(w[inner]), a1);
                a2 = Vector256.FusedMultiplyAdd(x, Vector256.Create(w[2 * inner]), a2);
                a3 = Vector256.FusedMultiplyAdd(x, Vector256.Create(w[3 * inner]), a3);
                a4 = Vector256.FusedMultiplyAdd(x, Vector256.Create(v[0]), a4);
                a5 = Vector256.FusedMultiplyAdd(x, Vector256.Create(v[inner]), a5);
                a6 = Vector256.FusedMultiplyAdd(x, Vector256.Create(v[2 * inner]), a6);
                a7 = Vector256.FusedMultiplyAdd(x, Vector256.Create(v[3 * inner]), a7);
            }
        }

        (Vector256.Load(sums) + a0).Store(sums);
        (Vector256.Load(sums + 8) + a1).Store(sums + 8);
        (Vector256.Load(sums + 16) + a2).Store(sums + 16);
        (Vector256.Load(sums + 24) + a3).Store(sums + 24);
        (Vector256.Load(sums + 32) + a4).Store(sums + 32);
        (Vector256.Load(sums + 40) + a5).Store(sums + 40);
        (Vector256.Load(sums + 48) + a6).Store(sums + 48);
        (Vector256.Load(sums + 56) + a7).Store(sums + 56);
    }
}
