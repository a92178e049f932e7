using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Runtime;

/// <summary>
/// Attention of a few queries over a cache, in fp32 on the CPU. Torch would start its threads for so little work, and they
/// would keep the cores busy waiting for more while the next product needs them.
/// </summary>
internal static unsafe class CpuAttention
{
    private const int MaxQueries = 8;
    private const int MaxKeys = 8192; // scores of one query stand on the stack
    private const int Lanes = 8;

    /// <summary>
    /// softmax(scale · q kᵀ, masked) v for q [B, H, T, d], k and v [B or 1, Hkv, S, d] of any strides but the last, and a mask
    /// [B or 1, 1, T or 1, S] of booleans or null; [B, H, T, d]. Null where torch is better or the shapes are others.
    /// </summary>
    public static Tensor? Attend(Tensor q, Tensor k, Tensor v, Tensor? mask, double scale)
    {
        long batch = q.size(0), heads = q.size(1), queries = q.size(2), size = q.size(3), keys = k.size(2);
        bool fits = Serves(k, batch) && Serves(v, batch) && queries <= MaxQueries && batch * queries <= 2 * MaxQueries && keys <= MaxKeys && size % Lanes == 0
            && q.stride(3) == 1 && k.stride(3) == 1 && v.stride(3) == 1
            && (mask is null || (mask.dtype == ScalarType.Bool && mask.dim() == 4 && mask.size(1) == 1 && mask.is_contiguous()));
        if (!fits)
            return null;
        long group = heads / k.size(1);
        Tensor result = CpuKernels.Result(batch, queries, heads, size);
        Strides ofQ = new(q), ofK = new(k), ofV = new(v);
        float* from = CpuKernels.Data(q), keyData = CpuKernels.Data(k), valueData = CpuKernels.Data(v), to = CpuKernels.Data(result);
        bool* visible = mask is null ? null : (bool*)CpuKernels.Data(mask);
        long maskOfBatch = mask is null || mask.size(0) == 1 ? 0 : mask.size(2) * keys, maskOfQuery = mask is null || mask.size(2) == 1 ? 0 : keys;
        CpuKernels.Share(batch * heads, queries * keys * size * 2, (first, last) =>
        {
            float* scores = stackalloc float[(int)keys + Lanes];
            for (long i = first; i < last; i++)
            {
                long b = i / heads, h = i % heads;
                float* keyRows = keyData + (b * ofK.Batch) + (h / group * ofK.Head);
                float* valueRows = valueData + (b * ofV.Batch) + (h / group * ofV.Head);
                for (long t = 0; t < queries; t++)
                {
                    float* query = from + (b * ofQ.Batch) + (h * ofQ.Head) + (t * ofQ.Row);
                    Scores(query, keyRows, ofK.Row, visible is null ? null : visible + (b * maskOfBatch) + (t * maskOfQuery), scores, keys, size, (float)scale);
                    float total = Exponentials(scores, keys);
                    Mix(scores, 1 / total, valueRows, ofV.Row, to + (((b * queries) + t) * heads * size) + (h * size), keys, size);
                }
            }
        });
        CpuKernels.KeepAlive(q, k, v, mask);
        using (result)
            return result.transpose(1, 2);
    }

    private static bool Serves(Tensor keys, long batch) => keys.size(0) == batch || keys.size(0) == 1;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scores(float* query, float* keys, long stride, bool* visible, float* scores, long count, long size, float scale)
    {
        for (long j = 0; j < count; j++)
        {
            if (visible is not null && !visible[j])
            {
                scores[j] = float.NegativeInfinity;
                continue;
            }

            float* key = keys + (j * stride);
            Vector256<float> sum = default;
            for (long i = 0; i < size; i += Lanes)
                sum = Vector256.FusedMultiplyAdd(Vector256.Load(query + i), Vector256.Load(key + i), sum);
            scores[j] = Vector256.Sum(sum) * scale;
        }
    }

    // Scores become exp(score − largest); gives their sum.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Exponentials(float* scores, long count)
    {
        float largest = float.NegativeInfinity;
        for (long j = 0; j < count; j++)
            largest = MathF.Max(largest, scores[j]);
        if (float.IsNegativeInfinity(largest))
            largest = 0; // everything is masked: all weights become 0, as in torch
        float sum = 0;
        long at = 0;
        for (; at <= count - Lanes; at += Lanes)
        {
            Vector256<float> part = Vector256.Exp(Vector256.Load(scores + at) - Vector256.Create(largest));
            part.Store(scores + at);
            sum += Vector256.Sum(part);
        }

        for (; at < count; at++)
        {
            scores[at] = MathF.Exp(scores[at] - largest);
            sum += scores[at];
        }

        return sum == 0 ? 1 : sum;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Mix(float* weights, float factor, float* values, long stride, float* output, long count, long size)
    {
        for (long i = 0; i < size; i += Lanes)
        {
            Vector256<float> sum = default;
            for (long j = 0; j < count; j++)
                sum = Vector256.FusedMultiplyAdd(Vector256.Create(weights[j]), Vector256.Load(values + (j * stride) + i), sum);
            (sum * factor).Store(output + i);
        }
    }

    private readonly struct Strides(Tensor tensor)
    {
        public long Batch { get; } = tensor.size(0) == 1 ? 0 : tensor.stride(0); // one row may serve all

        public long Head { get; } = tensor.stride(1);

        public long Row { get; } = tensor.stride(2);
    }
}
