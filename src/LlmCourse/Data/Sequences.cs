using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Data;

/// <summary>
/// A batch of token sequences, one per row, padded on either side: B rows of T positions.
/// What a mask would say is kept as a description on the host (where each row starts, how long it is, which segment a
/// position belongs to), so that the model can choose the cheapest kernel and never has to ask the device.
/// </summary>
public sealed class Sequences : IDisposable
{
    private readonly int[] _starts;
    private readonly int[] _lengths;

    private Sequences(Tensor ids, int[] starts, int[] lengths, long minimumId, long maximumId)
    {
        Ids = ids;
        _starts = starts;
        _lengths = lengths;
        MinimumId = minimumId;
        MaximumId = maximumId;
    }

    /// <summary>Token ids, int64 [B, T]; what stands at padded positions has no meaning.</summary>
    public Tensor Ids { get; }

    /// <summary>The number of rows B.</summary>
    public int Count => _lengths.Length;

    /// <summary>The padded width T.</summary>
    public int Width => (int)Ids.size(1);

    /// <summary>For each row the column of its first real token: 0 unless it is padded on the left.</summary>
    public IReadOnlyList<int> Starts => _starts;

    /// <summary>For each row the number of real tokens.</summary>
    public IReadOnlyList<int> Lengths => _lengths;

    /// <summary>
    /// For packed rows the segment of each position, [B, T]: positions see only their own segment, and position numbers
    /// restart with each. Null where a row is one sequence.
    /// </summary>
    public int[,]? Segments { get; private init; }

    /// <summary>Token type ids, int64 [B, T] (BERT's sentence A and B), or null for all zero.</summary>
    public Tensor? TokenTypes { get; private init; }

    /// <summary>True where no row is padded.</summary>
    internal bool IsDense => Array.TrueForAll(_lengths, length => length == Width);

    /// <summary>True where every row starts in column 0.</summary>
    internal bool StartsAtZero => Array.TrueForAll(_starts, start => start == 0);

    internal long MinimumTokenType { get; private init; }

    internal long MaximumTokenType { get; private init; }

    internal long MinimumId { get; }

    internal long MaximumId { get; }

    /// <summary>Rows of different lengths, padded to the longest.</summary>
    /// <param name="rows">The token ids of each row; none may be empty.</param>
    /// <param name="padId">The id written at padded positions.</param>
    /// <param name="padLeft">Whether the padding stands in front.</param>
    /// <param name="tokenTypes">Token type ids, row by row as long as the tokens; null for all zero.</param>
    /// <param name="device">Where the tensors live; null for the CPU.</param>
    /// <exception cref="ArgumentException">No rows, or an empty one.</exception>
    public static Sequences FromRows(
        IReadOnlyList<IReadOnlyList<int>> rows, int padId = 0, bool padLeft = false,
        IReadOnlyList<IReadOnlyList<int>>? tokenTypes = null, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.Count == 0 || rows.Any(row => row is not { Count: > 0 }))
            throw new ArgumentException("A batch needs at least one row, and every row at least one token.", nameof(rows));
        int width = rows.Max(row => row.Count);
        int[] lengths = [.. rows.Select(row => row.Count)];
        int[] starts = [.. lengths.Select(length => padLeft ? width - length : 0)];
        if (tokenTypes is not null && tokenTypes.Count != rows.Count)
            throw new ArgumentException($"There are {rows.Count} rows and token types for {tokenTypes.Count}.", nameof(tokenTypes));
        // What stands at padding means nothing, but it is looked up: an id outside the vocabulary must be found there too.
        bool padded = lengths.Min() < width;
        int minimum = rows.Min(row => row.Min()), maximum = rows.Max(row => row.Max());
        Tensor? types = tokenTypes is null ? null : Padded(tokenTypes, starts, width, 0, device, nameof(tokenTypes), lengths);
        return new Sequences(
            Padded(rows, starts, width, padId, device, nameof(rows), lengths), starts, lengths,
            padded ? Math.Min(minimum, padId) : minimum, padded ? Math.Max(maximum, padId) : maximum)
        {
            TokenTypes = types,
            MinimumTokenType = tokenTypes?.Min(row => row.Min()) ?? 0,
            MaximumTokenType = tokenTypes?.Max(row => row.Max()) ?? 0,
        };
    }

    /// <summary>
    /// Several sequences packed into one row each, one behind the other: [B, T] with a segment number at every position.
    /// </summary>
    /// <param name="rows">For each row the sequences packed into it.</param>
    /// <param name="padId">The id written behind the last sequence of a shorter row.</param>
    /// <param name="device">Where the tensors live; null for the CPU.</param>
    public static Sequences Packed(IReadOnlyList<IReadOnlyList<IReadOnlyList<int>>> rows, int padId = 0, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(rows);
        if (rows.Any(row => row is null || row.Any(part => part is not { Count: > 0 })))
            throw new ArgumentException("Every packed sequence needs at least one token.", nameof(rows));
        using Sequences plain = FromRows([.. rows.Select(row => (IReadOnlyList<int>)[.. row.SelectMany(part => part)])], padId, device: device);
        int[,] segments = new int[plain.Count, plain.Width];
        for (int r = 0; r < plain.Count; r++)
        {
            int column = 0;
            for (int s = 0; s < rows[r].Count; s++)
            {
                for (int i = 0; i < rows[r][s].Count; i++)
                    segments[r, column++] = s;
            }

            while (column < plain.Width)
                segments[r, column++] = rows[r].Count;
        }

        return new Sequences(plain.Ids.alias(), plain._starts, plain._lengths, plain.MinimumId, plain.MaximumId) { Segments = segments };
    }

    /// <summary>
    /// Tensors as a tokenizer of the Python stack makes them: ids and mask, both int64 [B, T], the mask 1 at real tokens,
    /// which are contiguous in each row. The tensors are copied.
    /// </summary>
    /// <exception cref="ArgumentException">Shapes differ, a row has no token, or a row's ones are not contiguous.</exception>
    public static Sequences FromTensors(Tensor ids, Tensor? attentionMask = null, Tensor? tokenTypes = null)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (ids.dim() != 2 || ids.size(0) == 0 || ids.size(1) == 0)
            throw new ArgumentException($"Ids must be [B, T] and not empty, found [{string.Join(", ", ids.shape)}].", nameof(ids));
        if (ids.is_floating_point() || tokenTypes?.is_floating_point() == true)
            throw new ArgumentException("Ids and token types must be integers.", nameof(ids));
        if (attentionMask is not null && !attentionMask.shape.SequenceEqual(ids.shape))
            throw new ArgumentException("The attention mask must have the shape of the ids.", nameof(attentionMask));
        if (tokenTypes is not null && !tokenTypes.shape.SequenceEqual(ids.shape))
            throw new ArgumentException("The token types must have the shape of the ids.", nameof(tokenTypes));
        int rows = (int)ids.size(0), width = (int)ids.size(1);
        int[] starts = new int[rows], lengths = new int[rows];
        Array.Fill(lengths, width);
        if (attentionMask is not null)
            ReadMask(attentionMask, starts, lengths, width);
        using var scope = NewDisposeScope();
        Tensor copy = ids.to(ScalarType.Int64, copy: true).MoveToOuterDisposeScope();
        return new Sequences(copy, starts, lengths, ids.min().Whole(), ids.max().Whole())
        {
            TokenTypes = tokenTypes?.to(ScalarType.Int64, copy: true).MoveToOuterDisposeScope(),
            MinimumTokenType = tokenTypes?.min().Whole() ?? 0,
            MaximumTokenType = tokenTypes?.max().Whole() ?? 0,
        };
    }

    /// <summary>The tokens of one row, without its padding.</summary>
    public int[] Row(int index)
    {
        using var scope = NewDisposeScope();
        Tensor row = Ids[index].narrow(0, _starts[index], _lengths[index]).cpu();
        return [.. row.data<long>().Select(id => (int)id)];
    }

    /// <summary>Position numbers on the host: for each row and column the place of the token in its sequence (from 0).</summary>
    internal int[,] PositionNumbers()
    {
        int[,] positions = new int[Count, Width];
        for (int r = 0; r < Count; r++)
        {
            for (int t = _starts[r] + 1; t < Width; t++)
                positions[r, t] = Segments is not null && Segments[r, t] != Segments[r, t - 1] ? 0 : positions[r, t - 1] + 1;
        }

        return positions;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Ids.Dispose();
        TokenTypes?.Dispose();
    }

    private static void ReadMask(Tensor mask, int[] starts, int[] lengths, int width)
    {
        using var scope = NewDisposeScope();
        Tensor host = mask.to(ScalarType.Int64).cpu().contiguous();
        long[] ones = host.data<long>().ToArray();
        for (int r = 0; r < starts.Length; r++)
        {
            Span<long> row = ones.AsSpan(r * width, width);
            starts[r] = row.IndexOf(1L);
            lengths[r] = starts[r] < 0 ? 0 : row[starts[r]..].IndexOf(0L) is var end && end < 0 ? width - starts[r] : end;
            if (lengths[r] == 0 || row.Count(1L) != lengths[r])
                throw new ArgumentException($"Row {r} of the attention mask must be one contiguous run of ones.", nameof(mask));
        }
    }

    private static Tensor Padded(
        IReadOnlyList<IReadOnlyList<int>> rows, int[] starts, int width, int fill, Device? device, string name, int[] lengths)
    {
        long[] flat = new long[rows.Count * width];
        Array.Fill(flat, fill);
        for (int r = 0; r < rows.Count; r++)
        {
            if (rows[r].Count != lengths[r])
                throw new ArgumentException($"Row {r} must have {lengths[r]} entries, found {rows[r].Count}.", name);
            for (int t = 0; t < rows[r].Count; t++)
                flat[(r * width) + starts[r] + t] = rows[r][t];
        }

        return tensor(flat, [rows.Count, width], ScalarType.Int64, device);
    }
}
