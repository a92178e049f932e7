using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>
/// T5's position bias (Raffel et al. 2020, section 2.1): a trained number per head for each bucket of the distance between
/// key and query, added to the scores. One table serves all layers of a stack, or each has its own (UMT5; Chung et al. 2023).
/// </summary>
internal sealed class RelativeBias
{
    private readonly PositionConfig _config;
    private readonly bool _bidirectional;
    private readonly Embedding _table;

    public RelativeBias(ParameterStore store, string path, PositionConfig config, bool bidirectional, int heads)
    {
        _config = config;
        _bidirectional = bidirectional;
        _table = new Embedding(store, path, config.Buckets, heads);
    }

    /// <summary>
    /// The bucket of a distance d = key position − query position: exact for short distances, logarithmic up to the maximum,
    /// one bucket beyond; where both directions are seen, each has half of the buckets.
    /// </summary>
    public static int Bucket(int distance, bool bidirectional, int buckets, int maximum)
    {
        int first = 0;
        if (bidirectional)
        {
            buckets /= 2;
            first = distance > 0 ? buckets : 0;
            distance = Math.Abs(distance);
        }
        else
        {
            distance = Math.Max(-distance, 0);
        }

        int exact = buckets / 2;
        if (distance < exact)
            return first + distance;
        float scaled = MathF.Log(distance / (float)exact) / (float)Math.Log(maximum / (double)exact) * (buckets - exact);
        return first + Math.Min(exact + (int)scaled, buckets - 1);
    }

    /// <summary>The bias [B or 1, H, T, S]: query i of row r stands at column offsets[r] + i, keys at columns 0 to S − 1.</summary>
    public Tensor At(int[] offsets, int queries, int keys, Device device, ForwardContext context)
    {
        int rows = Array.TrueForAll(offsets, offset => offset == offsets[0]) ? 1 : offsets.Length;
        long[] buckets = new long[rows * queries * keys];
        for (int r = 0, at = 0; r < rows; r++)
        {
            for (int i = 0; i < queries; i++)
            {
                for (int j = 0; j < keys; j++)
                    buckets[at++] = Bucket(j - offsets[r] - i, _bidirectional, _config.Buckets, _config.MaxDistance);
            }
        }

        using var scope = NewDisposeScope();
        Tensor ids = tensor(buckets, [rows, queries * keys], ScalarType.Int64, device);
        Tensor bias = _table.Forward(ids, context).view(rows, queries, keys, -1); // [rows, T, S, H]
        return bias.permute(0, 3, 1, 2).contiguous().MoveToOuterDisposeScope();
    }
}
