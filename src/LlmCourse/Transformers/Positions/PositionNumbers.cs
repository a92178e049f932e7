using LlmCourse.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers.Positions;

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

    /// <summary>How many rows a table must have to serve every column, padding included where it cannot be clipped.</summary>
    public int Needed => IsRun ? Start + Width : Maximum + 1;

    /// <summary>Whether every row counts Start, Start + 1, …</summary>
    public bool IsRun => _table is null;

    /// <param name="sequences">The tokens.</param>
    /// <param name="prefix">The number of virtual positions in front of them.</param>
    /// <param name="past">For each row how many positions a cache already holds, or null.</param>
    public static PositionNumbers Of(Sequences sequences, int prefix, IReadOnlyList<int>? past)
    {
        int width = prefix + sequences.Width;
        int first = past?[0] ?? 0;
        int maximum = Enumerable.Range(0, sequences.Count).Max(r => (past?[r] ?? 0) + prefix + Longest(sequences, r) - 1);
        bool sameStart = past is null || past.All(length => length == first);
        if (sameStart && sequences.StartsAtZero && sequences.Segments is null)
            return new PositionNumbers(first, width, null, maximum);

        int[,] own = sequences.PositionNumbers();
        int[,] table = new int[sequences.Count, width];
        for (int r = 0; r < sequences.Count; r++)
        {
            int offset = past?[r] ?? 0;
            for (int t = 0; t < width; t++)
                table[r, t] = offset + (t < prefix ? t : prefix + own[r, t - prefix]);
        }

        return new PositionNumbers(first, width, table, maximum);
    }

    // The length of a row, or of the longest sequence packed into it.
    private static int Longest(Sequences sequences, int row)
    {
        if (sequences.Segments is not { } segments)
            return sequences.Lengths[row];
        int longest = 0;
        for (int t = 0, first = 0; t < sequences.Lengths[row]; t++)
        {
            first = segments[row, t] == segments[row, first] ? first : t;
            longest = Math.Max(longest, t - first + 1);
        }

        return longest;
    }

    /// <summary>Rows of a table [N, ..] by position: [1, T, ..] for a run, else [B, T, ..].</summary>
    public Tensor Rows(Tensor table, int offset = 0)
    {
        long last = table.size(0) - 1;
        if (_table is null && Start + offset + Width - 1 <= last)
            return table.narrow(0, Start + offset, Width).unsqueeze(0);
        int rows = _table?.GetLength(0) ?? 1;
        long[] flat = new long[rows * Width];
        for (int i = 0; i < flat.Length; i++)
            flat[i] = Math.Min((_table?[i / Width, i % Width] ?? (Start + i)) + offset, last); // padding behind a row may count past the table
        using Tensor index = tensor(flat, ScalarType.Int64, table.device);
        using Tensor picked = table.index_select(0, index);
        return picked.view([rows, Width, .. table.shape[1..]]);
    }
}
