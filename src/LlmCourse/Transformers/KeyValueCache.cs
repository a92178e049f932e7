using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>
/// The keys and values of what a decoder has read, for every layer. Each row fills columns from 0 on; how many is known on
/// the host, so nothing is masked that need not be, shortening a row is arithmetic, and rows of different length cost no copy.
/// Capacity is allocated ahead and grows by doubling.
/// </summary>
internal sealed class KeyValueCache : IDisposable
{
    private const int MostCommon = 512;

    private readonly (Tensor Keys, Tensor Values)?[] _self;
    private readonly (Tensor Keys, Tensor Values)?[] _cross;
    private readonly int _heads;
    private readonly int _size;
    private int[] _lengths;
    private int _capacity;
    private int[,]? _common; // how many of their first columns rows are known to share
    private (int Width, Tensor Index)? _scatter;

    public KeyValueCache(StackConfig config, int rows, int capacity)
        : this(config.Layers, config.KeyValueHeadCount, config.HeadSize, new int[rows], Math.Max(capacity, 1))
    {
    }

    private KeyValueCache(int layers, int heads, int size, int[] lengths, int capacity)
    {
        _self = new (Tensor, Tensor)?[layers];
        _cross = new (Tensor, Tensor)?[layers];
        _heads = heads;
        _size = size;
        _lengths = lengths;
        _capacity = capacity;
    }

    /// <summary>How many columns each row has filled, virtual tokens included.</summary>
    public IReadOnlyList<int> Lengths => _lengths;

    /// <summary>The longest row.</summary>
    public int Columns => _lengths.Max();

    /// <summary>
    /// Writes k and v [B, T, Hkv, d] behind each row of a layer and returns all columns so far, [B, S, Hkv, d] views.
    /// The lengths rise when the whole pass is done: see <see cref="Advance"/>.
    /// </summary>
    public (Tensor Keys, Tensor Values) Append(int layer, Tensor k, Tensor v)
    {
        int width = (int)k.size(1), columns = Columns + width;
        Reserve(columns);
        if (_self[layer] is not { } store)
        {
            long[] shape = [_lengths.Length, _capacity, _heads, _size];
            // Zeros: what is masked still meets a weight of 0, and 0 times garbage may be NaN.
            store = (zeros(shape, k.dtype, k.device).DetachFromDisposeScope(), zeros(shape, v.dtype, v.device).DetachFromDisposeScope());
            _self[layer] = store;
        }

        Write(store.Keys, k, width);
        Write(store.Values, v, width);
        return (store.Keys.narrow(1, 0, columns), store.Values.narrow(1, 0, columns));
    }

    /// <summary>Counts what a pass has appended to each row.</summary>
    public void Advance(IReadOnlyList<int> counts)
    {
        for (int r = 0; r < _lengths.Length; r++)
            _lengths[r] += counts[r];
        DropScatter();
    }

    /// <summary>The keys and values of an encoder's output for a layer, made once.</summary>
    public (Tensor Keys, Tensor Values) Cross(int layer, Func<(Tensor Keys, Tensor Values)> make)
    {
        if (_cross[layer] is not { } cross)
        {
            cross = make();
            cross = (cross.Keys.alias().DetachFromDisposeScope(), cross.Values.alias().DetachFromDisposeScope());
            _cross[layer] = cross;
        }

        // One prompt behind many rows: a view with stride 0.
        return cross.Keys.size(0) == _lengths.Length ? cross
            : (cross.Keys.expand(_lengths.Length, -1, -1, -1), cross.Values.expand(_lengths.Length, -1, -1, -1));
    }

    /// <summary>Shortens rows to the given lengths, none longer than what the row has.</summary>
    public void Truncate(IReadOnlyList<int> lengths)
    {
        _lengths = [.. lengths];
        LimitCommon();
        DropScatter();
    }

    /// <summary>
    /// Row i becomes what row rows[i] was: reorders, drops and multiplies rows. Where their number stays, only the columns in which a
    /// row differs from its successor are copied: beams have most of their past in common.
    /// </summary>
    /// <param name="rows">For each new row the old one.</param>
    /// <param name="crossToo">Whether rows of an encoder's keys and values move as well.</param>
    public void Select(int[] rows, bool crossToo = true)
    {
        if (rows.Length == _lengths.Length)
            Move(rows);
        else
            Take(rows);
        if (crossToo)
        {
            using Tensor index = Index(rows);
            Replace(_cross, pair => pair.Keys.size(0) == 1
                ? (pair.Keys.alias(), pair.Values.alias())
                : (Pick(pair.Keys, index), Pick(pair.Values, index)));
        }

        _common = Common(rows);
        _lengths = Array.ConvertAll(rows, row => _lengths[row]);
        DropScatter();
    }

    private void Move(int[] rows)
    {
        int[] moved = [.. Enumerable.Range(0, rows.Length).Where(i => rows[i] != i && Shared(i, rows[i]) < _lengths[rows[i]])];
        if (moved.Length == 0)
            return;
        int first = moved.Min(i => Shared(i, rows[i])), count = moved.Max(i => _lengths[rows[i]]) - first;
        using Tensor from = Index(Array.ConvertAll(moved, i => rows[i])), to = Index(moved);
        foreach ((Tensor Keys, Tensor Values)? pair in _self)
        {
            if (pair is not { } store)
                continue;
            foreach (Tensor each in (Tensor[])[store.Keys, store.Values])
            {
                using Tensor columns = each.narrow(1, first, count);
                using Tensor copy = columns.index_select(0, from);
                columns.index_copy_(0, to, copy);
            }
        }
    }

    private void Take(int[] rows)
    {
        int filled = Columns;
        using Tensor index = Index(rows);
        Replace(_self, pair => (Taken(pair.Keys), Taken(pair.Values)));

        Tensor Taken(Tensor old)
        {
            Tensor taken = zeros([rows.Length, .. old.shape[1..]], old.dtype, old.device);
            using Tensor begin = taken.narrow(1, 0, filled), source = old.narrow(1, 0, filled), picked = source.index_select(0, index);
            begin.copy_(picked);
            return taken;
        }
    }

    // The first columns that two rows have in common, as far as is known.
    private int Shared(int row, int other) => _common is { } common ? common[row, other] : 0;

    // After a selection: rows that were one have everything in common. Null where no row was doubled, or there are too many to know it of all.
    private int[,]? Common(int[] rows)
    {
        if (rows.Length > MostCommon || (_common is null && rows.Distinct().Count() == rows.Length))
            return null;
        int[,] common = new int[rows.Length, rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            for (int j = 0; j < rows.Length; j++)
                common[i, j] = rows[i] == rows[j] ? _lengths[rows[i]] : Shared(rows[i], rows[j]);
        }

        return common;
    }

    // What rows write behind a cut, they do not have in common.
    private void LimitCommon()
    {
        for (int i = 0; _common is not null && i < _lengths.Length; i++)
        {
            for (int j = 0; j < _lengths.Length; j++)
                _common[i, j] = Math.Min(_common[i, j], Math.Min(_lengths[i], _lengths[j]));
        }
    }

    /// <summary>An independent copy.</summary>
    public KeyValueCache Fork()
    {
        KeyValueCache copy = new(_self.Length, _heads, _size, [.. _lengths], _capacity) { _common = (int[,]?)_common?.Clone() };
        for (int i = 0; i < _self.Length; i++)
        {
            copy._self[i] = Copy(_self[i], pair => pair.clone());
            copy._cross[i] = Copy(_cross[i], pair => pair.alias()); // never written to
        }

        return copy;
    }

    public void Dispose()
    {
        foreach ((Tensor Keys, Tensor Values)? pair in _self.Concat(_cross))
        {
            pair?.Keys.Dispose();
            pair?.Values.Dispose();
        }

        DropScatter();
    }

    private Tensor Index(int[] rows) => tensor(Array.ConvertAll(rows, row => (long)row), ScalarType.Int64, Device);

    private Device Device => _self[0]?.Keys.device ?? CPU;

    private static (Tensor, Tensor)? Copy((Tensor Keys, Tensor Values)? pair, Func<Tensor, Tensor> copy) =>
        pair is { } some ? (copy(some.Keys).DetachFromDisposeScope(), copy(some.Values).DetachFromDisposeScope()) : null;

    private static Tensor Pick(Tensor tensor, Tensor index) => tensor.index_select(0, index);

    private static void Replace((Tensor Keys, Tensor Values)?[] pairs, Func<(Tensor Keys, Tensor Values), (Tensor Keys, Tensor Values)> map)
    {
        for (int i = 0; i < pairs.Length; i++)
        {
            if (pairs[i] is not { } old)
                continue;
            (Tensor keys, Tensor values) = map(old);
            pairs[i] = (keys.DetachFromDisposeScope(), values.DetachFromDisposeScope());
            old.Keys.Dispose();
            old.Values.Dispose();
        }
    }

    private void Reserve(int columns)
    {
        if (columns <= _capacity)
            return;
        int grown = Math.Max(columns, _capacity * 2);
        Replace(_self, pair => (Grow(pair.Keys, grown), Grow(pair.Values, grown)));
        _capacity = grown;
        DropScatter();
    }

    private static Tensor Grow(Tensor old, int capacity)
    {
        Tensor grown = zeros([old.size(0), capacity, old.size(2), old.size(3)], old.dtype, old.device);
        using Tensor start = grown.narrow(1, 0, old.size(1));
        start.copy_(old);
        return grown;
    }

    // source [B, T, Hkv, d] goes to columns lengths[r] … lengths[r] + T − 1 of each row
    private void Write(Tensor store, Tensor source, int width)
    {
        if (Array.TrueForAll(_lengths, length => length == _lengths[0]))
        {
            using Tensor target = store.narrow(1, _lengths[0], width);
            target.copy_(source);
            return;
        }

        using Tensor flat = store.view(-1, _heads, _size);
        using Tensor rows = source.reshape(-1, _heads, _size);
        flat.index_copy_(0, ScatterIndex(width, store.device), rows);
    }

    private Tensor ScatterIndex(int width, Device device)
    {
        if (_scatter is { } known && known.Width == width)
            return known.Index;
        DropScatter();
        long[] at = new long[_lengths.Length * width];
        for (int i = 0; i < at.Length; i++)
            at[i] = ((long)(i / width) * _capacity) + _lengths[i / width] + (i % width);
        Tensor index = tensor(at, ScalarType.Int64, device).DetachFromDisposeScope();
        _scatter = (width, index);
        return index;
    }

    private void DropScatter()
    {
        _scatter?.Index.Dispose();
        _scatter = null;
    }
}
