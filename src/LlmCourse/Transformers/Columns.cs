using LlmCourse.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>
/// What stands in each column of a forward pass: a batch's own positions with the virtual embeddings of each row before its first
/// token. Where rows have different numbers of these, or virtual tokens meet padding on the left, rows are packed to the left, so that
/// virtual and real tokens are one run from column 0 on and neither masks nor distances have to know of them.
/// </summary>
internal sealed class Columns
{
    private readonly Sequences _sequences;
    private readonly int[] _virtual;
    private readonly int _front;
    private readonly bool _packed;

    public Columns(Sequences sequences, VirtualTokens? front)
    {
        _sequences = sequences;
        _virtual = front?.Counts<IVirtualEmbeddings>(sequences.Count) ?? new int[sequences.Count];
        _front = _virtual.Max();
        _packed = front is not null && (!sequences.StartsAtZero || _virtual.Min() < _front);
        Starts = _packed ? new int[Count] : sequences.Starts;
        Lengths = [.. sequences.Lengths.Zip(_virtual, (length, count) => length + count)];
        Width = _packed ? Lengths.Max() : _front + sequences.Width;
        Segments = sequences.Segments is null || front is null ? sequences.Segments : MoveSegments(sequences.Segments);
    }

    /// <summary>The number of rows B.</summary>
    public int Count => _sequences.Count;

    /// <summary>The number of columns W.</summary>
    public int Width { get; }

    /// <summary>For each row the column of its first token, virtual or real.</summary>
    public IReadOnlyList<int> Starts { get; }

    /// <summary>For each row the number of its tokens, virtual ones included.</summary>
    public IReadOnlyList<int> Lengths { get; }

    /// <summary>The segment of each column, −1 for what every segment of the row sees; null where a row is one sequence.</summary>
    public int[,]? Segments { get; }

    /// <summary>For each row the number of its virtual tokens.</summary>
    public IReadOnlyList<int> Virtual => _virtual;

    /// <summary>The batch behind it.</summary>
    public Sequences Sequences => _sequences;

    /// <summary>Whether every row starts in column 0.</summary>
    public bool StartsAtZero => Starts.All(start => start == 0);

    /// <summary>Whether no row is padded.</summary>
    public bool IsDense => Lengths.All(length => length == Width);

    /// <summary>What belongs to the batch's own positions [B, T, ..] and to virtual tokens [F, ..] → what belongs to the columns [B, W, ..].</summary>
    public Tensor Join(Tensor own, (Tensor All, int[] First)? front)
    {
        if (front is null && !_packed)
            return own.alias();
        using var scope = NewDisposeScope();
        long[] rest = own.shape[2..];
        if (!_packed && front is { } shared && shared.All.size(0) == _front) // one for all rows
            return cat([shared.All.unsqueeze(0).expand([Count, _front, .. rest]), own], 1).MoveToOuterDisposeScope();

        // [B·T, ..] and [F, ..] → [B·T + F, ..] → [B·W, ..] → [B, W, ..]
        Tensor flat = own.reshape([-1, .. rest]);
        if (front is { } rows)
            flat = cat([flat, rows.All], 0);
        long[] index = new long[Count * Width];
        for (int i = 0; i < index.Length; i++)
        {
            int row = i / Width, column = i % Width, at = Own(row, column);
            index[i] = column < _virtual[row] ? ((long)Count * _sequences.Width) + front!.Value.First[row] + column
                : (row * _sequences.Width) + Math.Min(at, _sequences.Width - 1);
        }

        return flat.index_select(0, tensor(index, ScalarType.Int64, own.device)).view([Count, Width, .. rest]).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// The states of the columns [B, W, D] → those of the batch's own positions [B, T, D] and of virtual tokens [B, n, D], n being the
    /// largest number of a row, whose last columns a row with fewer fills.
    /// </summary>
    public (Tensor States, Tensor? Prefix) Cut(Tensor full)
    {
        if (_front == 0 && !_packed)
            return (full.alias(), null);
        using var scope = NewDisposeScope();
        Tensor parts = _packed ? Unpack(full) : full; // [B, n + T, D]
        Tensor states = parts.narrow(1, _front, _sequences.Width).MoveToOuterDisposeScope();
        return (states, _front == 0 ? null : parts.narrow(1, 0, _front).MoveToOuterDisposeScope());
    }

    /// <summary>The place of each column's token in its sequence, behind the row's virtual tokens, [B, W].</summary>
    public int[,] Numbers()
    {
        int[,] own = _sequences.PositionNumbers(), numbers = new int[Count, Width];
        for (int r = 0; r < Count; r++)
        {
            for (int c = 0; c < Width; c++)
                numbers[r, c] = c < _virtual[r] ? c : _virtual[r] + own[r, Math.Min(Own(r, c), _sequences.Width - 1)];
        }

        return numbers;
    }

    // The batch's own column that stands in a column behind the virtual tokens.
    private int Own(int row, int column) => column - _virtual[row] + (_packed ? _sequences.Starts[row] : 0);

    // [B, W, D] → [B·W, D] → [B·(n + T), D] → [B, n + T, D]
    private Tensor Unpack(Tensor full)
    {
        int width = _front + _sequences.Width;
        long[] index = new long[Count * width];
        for (int i = 0; i < index.Length; i++)
        {
            int row = i / width, at = (i % width) - _front + _virtual[row];
            if (i % width >= _front)
                at -= _sequences.Starts[row];
            index[i] = (row * Width) + Math.Clamp(at, 0, Width - 1); // where there is no token, anything
        }

        Tensor flat = full.reshape(-1, full.size(2));
        return flat.index_select(0, tensor(index, ScalarType.Int64, full.device)).view(Count, width, full.size(2));
    }

    private int[,] MoveSegments(int[,] own)
    {
        int[,] segments = new int[Count, Width];
        for (int r = 0; r < Count; r++)
        {
            for (int c = 0; c < Width; c++)
            {
                int at = Own(r, c);
                segments[r, c] = c < _virtual[r] ? -1 : at < _sequences.Width ? own[r, at] : int.MaxValue;
            }
        }

        return segments;
    }
}
