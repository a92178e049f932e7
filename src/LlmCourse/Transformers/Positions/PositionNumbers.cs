using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>
/// The position of every column of a forward pass: one run of numbers for all rows where that is so, else a table.
/// </summary>
internal sealed class PositionNumbers
{
    private readonly int[,]? _table;
    private readonly Columns _columns;
    private readonly int[] _past;

    private PositionNumbers(Columns columns, int[] past, int[,]? table, int maximum)
    {
        _columns = columns;
        _past = past;
        Start = past[0];
        Width = columns.Width;
        _table = table;
        Maximum = maximum;
    }

    /// <summary>The first number, where <see cref="IsRun"/>.</summary>
    public int Start { get; }

    /// <summary>The number of columns.</summary>
    public int Width { get; }

    /// <summary>The largest number of a real token.</summary>
    public int Maximum { get; }

    /// <summary>How many rows a table must have to serve every real token.</summary>
    public int Needed => Maximum + 1;

    /// <summary>Whether every row counts Start, Start + 1, …</summary>
    public bool IsRun => _table is null;

    /// <param name="columns">What stands where.</param>
    /// <param name="past">For each row how many positions come before its first column.</param>
    public static PositionNumbers Of(Columns columns, int[] past)
    {
        int width = columns.Width, first = past[0];
        bool sameStart = Array.TrueForAll(past, length => length == first);
        // Columns in which every row is padded may lie behind the end of a trained table: they are no run.
        if (sameStart && columns.StartsAtZero && columns.Segments is null && columns.Lengths.Max() == width)
            return new PositionNumbers(columns, past, null, first + width - 1);

        int[,] table = columns.Numbers();
        int maximum = 0;
        for (int r = 0; r < columns.Count; r++)
        {
            for (int c = 0; c < width; c++)
                table[r, c] += past[r];
            for (int c = columns.Starts[r]; c < columns.Starts[r] + columns.Lengths[r]; c++)
                maximum = Math.Max(maximum, table[r, c]);
        }

        return new PositionNumbers(columns, past, table, maximum);
    }

    /// <summary>The position of one column.</summary>
    public int At(int row, int column) => _table?[row, column] ?? (Start + column);

    /// <summary>
    /// For each column the length of the sequence that its token belongs to, at the end of the pass and with all that came before: [B · T].
    /// </summary>
    /// <exception cref="ArgumentException">Virtual tokens are in front of packed sequences, and belong to several.</exception>
    public int[] SequenceLengths()
    {
        int[] lengths = new int[_columns.Count * Width];
        for (int r = 0; r < _columns.Count; r++)
        {
            if (_columns.Segments is not { } segments)
            {
                Array.Fill(lengths, _past[r] + _columns.Lengths[r], r * Width, Width);
                continue;
            }

            if (_columns.Virtual[r] > 0)
                throw new ArgumentException("Where rotary positions depend on a sequence's length, virtual tokens cannot stand before packed sequences: pass one sequence a row.");
            for (int c = Width - 1; c >= 0; c--)
                lengths[(r * Width) + c] = c == Width - 1 || segments[r, c] != segments[r, c + 1] ? At(r, c) + 1 : lengths[(r * Width) + c + 1];
        }

        return lengths;
    }

    /// <summary>Rows of a table [N, ..] by position: [1, T, ..] for a run, else [B, T, ..].</summary>
    public Tensor Rows(Tensor table, int offset = 0)
    {
        if (_table is null)
            return table.narrow(0, Start + offset, Width).unsqueeze(0);
        int rows = _table.GetLength(0);
        long last = table.size(0) - 1;
        long[] flat = new long[rows * Width];
        for (int i = 0; i < flat.Length; i++)
            flat[i] = Math.Min(_table[i / Width, i % Width] + offset, last); // padding behind a row may count past the table
        using Tensor index = tensor(flat, ScalarType.Int64, table.device);
        using Tensor picked = table.index_select(0, index);
        return picked.view([rows, Width, .. table.shape[1..]]);
    }
}
