using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>What cross-attention reads: an encoder's states, virtual positions included, and which of them are real.</summary>
internal sealed class EncoderMemory : IDisposable
{
    private readonly int[]? _starts;
    private readonly int[]? _ends;

    private EncoderMemory(Tensor states, int[]? starts, int[]? ends)
    {
        States = states;
        _starts = starts;
        _ends = ends;
    }

    /// <summary>[B, W, D]; one row may serve many.</summary>
    public Tensor States { get; }

    /// <summary>Over the states of an encoder's columns, [B, W, D].</summary>
    public static EncoderMemory Of(Tensor states, Columns columns) => new(
        states.alias().DetachFromDisposeScope(),
        columns.StartsAtZero ? null : [.. columns.Starts],
        columns.IsDense ? null : [.. columns.Starts.Zip(columns.Lengths, (start, length) => start + length)]);

    /// <summary>Who may be seen by <paramref name="queries"/> columns of each of <paramref name="rows"/> rows.</summary>
    public AttentionMask Mask(int queries, int rows) => new()
    {
        Queries = queries,
        Keys = (int)States.size(1),
        Offsets = new int[rows],
        Device = States.device,
        Starts = Spread(_starts, rows),
        Ends = Spread(_ends, rows),
    };

    /// <summary>The same states, for an owner of their own.</summary>
    public EncoderMemory Share() => new(States.alias().DetachFromDisposeScope(), _starts, _ends);

    /// <summary>A copy whose row i is what row rows[i] was.</summary>
    public EncoderMemory Select(int[] rows)
    {
        if (States.size(0) == 1)
            return Share();
        using Tensor index = tensor(Array.ConvertAll(rows, row => (long)row), ScalarType.Int64, States.device);
        return new EncoderMemory(
            States.index_select(0, index).DetachFromDisposeScope(),
            _starts is null ? null : Array.ConvertAll(rows, row => _starts[row]),
            _ends is null ? null : Array.ConvertAll(rows, row => _ends[row]));
    }

    public void Dispose() => States.Dispose();

    private static int[]? Spread(int[]? values, int rows) =>
        values is { Length: 1 } && rows != 1 ? [.. Enumerable.Repeat(values[0], rows)] : values;
}
