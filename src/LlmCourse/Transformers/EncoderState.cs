using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>What an encoder made of a batch: computed once, read by every decoder pass over it.</summary>
public sealed class EncoderState : IDisposable
{
    private readonly int[]? _starts;
    private readonly int[]? _ends;
    private readonly int _prefix;

    internal EncoderState(Hidden hidden, Data.Sequences sequences)
    {
        Hidden = hidden;
        _prefix = (int)(hidden.Prefix?.size(1) ?? 0);
        if (!sequences.StartsAtZero)
            _starts = [.. sequences.Starts.Select(start => start + _prefix)];
        if (!sequences.IsDense)
            _ends = [.. Enumerable.Range(0, sequences.Count).Select(r => _prefix + sequences.Starts[r] + sequences.Lengths[r])];
        All = hidden.Prefix is null
            ? hidden.States.alias().DetachFromDisposeScope()
            : cat([hidden.Prefix, hidden.States], 1).DetachFromDisposeScope();
    }

    /// <summary>The states on the batch's own positions, and those of virtual tokens beside them.</summary>
    public Hidden Hidden { get; }

    /// <summary>Virtual and own positions together, [B, n + S, D].</summary>
    internal Tensor All { get; }

    /// <summary>Who may be seen by <paramref name="queries"/> columns of each of <paramref name="rows"/> rows (1 encoder row may serve many).</summary>
    internal AttentionMask Mask(int queries, int rows) => new()
    {
        Queries = queries,
        Keys = (int)All.size(1),
        Offsets = new int[rows],
        Device = All.device,
        Prefix = _prefix,
        Starts = Spread(_starts, rows),
        Ends = Spread(_ends, rows),
    };

    /// <summary>The same states with row i being what row rows[i] was; only the mask is needed once keys are cached.</summary>
    internal EncoderState Select(int[] rows) => new(this, rows);

    private EncoderState(EncoderState source, int[] rows)
    {
        Hidden = source.Hidden;
        _prefix = source._prefix;
        bool one = source.All.size(0) == 1;
        _starts = one || source._starts is null ? source._starts : Array.ConvertAll(rows, row => source._starts[row]);
        _ends = one || source._ends is null ? source._ends : Array.ConvertAll(rows, row => source._ends[row]);
        using Tensor index = tensor(Array.ConvertAll(rows, row => (long)row), ScalarType.Int64, source.All.device);
        All = (one ? source.All.alias() : source.All.index_select(0, index)).DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        All.Dispose();
        Hidden.Dispose();
    }

    private static int[]? Spread(int[]? values, int rows) =>
        values is { Length: 1 } && rows != 1 ? [.. Enumerable.Repeat(values[0], rows)] : values;
}
