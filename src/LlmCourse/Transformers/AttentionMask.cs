using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>
/// Who sees whom, as a description: T query columns over S key columns. It is lowered to what the kernel wants once per
/// forward pass (and window), and to nothing at all where plain causal or full attention says the same.
/// </summary>
internal sealed record AttentionMask : IDisposable
{
    private Dictionary<int, Lowered> _lowered = [];

    /// <summary>Query columns T.</summary>
    public required int Queries { get; init; }

    /// <summary>Key columns S.</summary>
    public required int Keys { get; init; }

    /// <summary>For each row the key column of its first query: how many columns a cache held before.</summary>
    public required int[] Offsets { get; init; }

    public required Device Device { get; init; }

    /// <summary>Whether the queries are the last of the keys, so that each sees its own column; false for cross-attention.</summary>
    public bool Self { get; init; }

    /// <summary>Whether queries see only their own column and those before it.</summary>
    public bool Causal { get; init; }

    /// <summary>For each row its first real key column, or null where all rows start in column 0.</summary>
    public int[]? Starts { get; init; }

    /// <summary>For each row the column behind its last real key, or null where it does not matter.</summary>
    public int[]? Ends { get; init; }

    /// <summary>
    /// The segment of each query column, the last T of the keys, or null. Every segment sees those of segment −1, and all keys before.
    /// </summary>
    public int[,]? Segments { get; init; }

    /// <summary>A bias to add to scores, [B or 1, H, T, S], or null. Owned by this.</summary>
    public Tensor? Bias { get; init; }

    /// <summary>Where the graph is cut: many blocks read what the bias becomes.</summary>
    public GraphCuts? Cuts { get; init; }

    /// <summary>The mask of a layer that sees <paramref name="window"/> positions back, itself included, and as many ahead unless causal (null: all).</summary>
    public Lowered Lower(int? window)
    {
        int limit = window is { } size && size < Keys ? size : 0;
        if (!_lowered.TryGetValue(limit, out Lowered? lowered))
            _lowered[limit] = lowered = Make(limit);
        return lowered;
    }

    /// <summary>The same for a single block with another bias of the same shape, of which it owns an alias.</summary>
    public AttentionMask WithBias(Tensor? bias) => this with { Bias = bias?.alias().DetachFromDisposeScope(), Cuts = null, _lowered = [] };

    public void Dispose()
    {
        foreach (Lowered lowered in _lowered.Values)
            lowered.Tensor?.Dispose();
        Bias?.Dispose();
    }

    private Lowered Make(int window)
    {
        bool oneOffset = Array.TrueForAll(Offsets, offset => offset == Offsets[0]);
        bool everywhere = Starts is null && Ends is null && Segments is null && window == 0;
        bool triangle = Causal && !(Queries == 1 && oneOffset && Keys == Offsets[0] + 1);
        if (everywhere && !triangle)
            return new Lowered(Bias?.alias().DetachFromDisposeScope(), false);
        if (everywhere && Bias is null && oneOffset && Offsets[0] == 0 && Queries == Keys)
            return new Lowered(null, true);

        bool perRow = !oneOffset || Starts is not null || Ends is not null || Segments is not null;
        bool perQuery = triangle || window > 0 || (Self && (Starts is not null || Segments is not null));
        int rows = perRow ? Offsets.Length : 1, queries = perQuery ? Queries : 1;
        bool[] visible = new bool[rows * queries * Keys];
        for (int r = 0, at = 0; r < rows; r++)
        {
            for (int i = 0; i < queries; i++)
            {
                for (int j = 0; j < Keys; j++)
                    visible[at++] = Sees(r, Offsets[r] + i, j, window);
            }
        }

        using var scope = NewDisposeScope();
        Tensor mask = tensor(visible, [rows, 1, queries, Keys], ScalarType.Bool, Device);
        Tensor result = Bias is null ? mask : Bias.With(mask.logical_not(), double.NegativeInfinity);
        return new Lowered((Cuts?.Cut(result) ?? result).DetachFromDisposeScope(), false);
    }

    // A padded query sees itself, so that its row of weights is a distribution and no NaN arises.
    private bool Sees(int row, int query, int key, int window)
    {
        if (Self && key == query)
            return true;
        if (Causal && key > query)
            return false;
        if (window > 0 && Distance(row, query, key) >= window)
            return false;
        if (Segments is not null && SegmentOf(row, key) is >= 0 and var segment && segment != SegmentOf(row, query))
            return false;
        return (Starts is null || key >= Starts[row]) && (Ends is null || key < Ends[row]);
    }

    // In columns; but what every sequence of a packed row sees stands right in front of each of them.
    private int Distance(int row, int query, int key)
    {
        if (Segments is null || SegmentOf(row, key) >= 0 || SegmentOf(row, query) is var segment && segment < 0)
            return Math.Abs(query - key);
        int start = query, end = key;
        while (SegmentOf(row, start - 1) == segment)
            start--;
        while (SegmentOf(row, end) < 0)
            end++;
        return query - start + end - key;
    }

    private int SegmentOf(int row, int column) => column < Keys - Queries ? -1 : Segments![row, column - (Keys - Queries)];

    /// <summary>What the kernel takes: a mask (bool, true visible; or float, added), or plain causality, or neither.</summary>
    internal sealed record Lowered(Tensor? Tensor, bool Causal)
    {
        /// <summary>The same as a number to add to scores [B, H, T, S], or null where there is nothing to add.</summary>
        public Tensor? AsFloat(Tensor scores)
        {
            if (Causal)
            {
                using Tensor ones = torch.ones([scores.size(2), scores.size(3)], ScalarType.Bool, scores.device);
                using Tensor upper = ones.triu(1);
                return zeros(upper.shape, scores.dtype, scores.device).WithInPlace(upper, double.NegativeInfinity);
            }

            if (Tensor is null || Tensor.dtype != ScalarType.Bool)
                return Tensor?.alias();
            using Tensor hidden = Tensor.logical_not();
            return zeros(hidden.shape, scores.dtype, scores.device).WithInPlace(hidden, double.NegativeInfinity);
        }
    }
}
