using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>What cross-attention reads: an encoder's states, virtual positions included, and which of them are real.</summary>
internal sealed class EncoderMemory : IDisposable
{
    private readonly int _prefix;
    private readonly int[]? _starts;
    private readonly int[]? _ends;

    private EncoderMemory(Tensor states, int prefix, int[]? starts, int[]? ends)
    {
        States = states;
        _prefix = prefix;
        _starts = starts;
        _ends = ends;
    }

    /// <summary>[B, n + S, D]; one row may serve many.</summary>
    public Tensor States { get; }

    public static EncoderMemory Of(Hidden hidden, Data.Sequences sequences)
    {
        int prefix = (int)(hidden.Prefix?.size(1) ?? 0);
        Tensor states = hidden.Prefix is null ? hidden.States.alias() : cat([hidden.Prefix, hidden.States], 1);
        return new EncoderMemory(
            states.DetachFromDisposeScope(), prefix,
            sequences.StartsAtZero ? null : [.. sequences.Starts.Select(start => start + prefix)],
            sequences.IsDense ? null : [.. Enumerable.Range(0, sequences.Count).Select(r => prefix + sequences.Starts[r] + sequences.Lengths[r])]);
    }

    /// <summary>Who may be seen by <paramref name="queries"/> columns of each of <paramref name="rows"/> rows.</summary>
    public AttentionMask Mask(int queries, int rows) => new()
    {
        Queries = queries,
        Keys = (int)States.size(1),
        Offsets = new int[rows],
        Device = States.device,
        Prefix = _prefix,
        Starts = Spread(_starts, rows),
        Ends = Spread(_ends, rows),
    };

    /// <summary>A copy whose row i is what row rows[i] was.</summary>
    public EncoderMemory Select(int[] rows)
    {
        if (States.size(0) == 1)
            return new EncoderMemory(States.alias().DetachFromDisposeScope(), _prefix, _starts, _ends);
        using Tensor index = tensor(Array.ConvertAll(rows, row => (long)row), ScalarType.Int64, States.device);
        return new EncoderMemory(
            States.index_select(0, index).DetachFromDisposeScope(), _prefix,
            _starts is null ? null : Array.ConvertAll(rows, row => _starts[row]),
            _ends is null ? null : Array.ConvertAll(rows, row => _ends[row]));
    }

    public void Dispose() => States.Dispose();

    private static int[]? Spread(int[]? values, int rows) =>
        values is { Length: 1 } && rows != 1 ? [.. Enumerable.Repeat(values[0], rows)] : values;
}
