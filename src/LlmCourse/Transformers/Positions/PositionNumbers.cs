using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>
/// The position of every column of a forward pass: one run of numbers for all rows where that is so, else a table.
/// </summary>
internal sealed class PositionNumbers
{
    private readonly int[,]? _table;

    private PositionNumbers(int start, int width, int[,]? table, int maximum)
    {
        Start = start;
        Width = width;
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
            return new PositionNumbers(first, width, null, first + width - 1);

        int[,] table = columns.Numbers();
        int maximum = 0;
        for (int r = 0; r < columns.Count; r++)
        {
            for (int c = 0; c < width; c++)
                table[r, c] += past[r];
            for (int c = columns.Starts[r]; c < columns.Starts[r] + columns.Lengths[r]; c++)
                maximum = Math.Max(maximum, table[r, c]);
        }

        return new PositionNumbers(first, width, table, maximum);
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
