using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>
/// Which soft prompt stands in front of each row of a batch: of any length and kind, or none. It owns nothing, and never changes:
/// one may serve several threads.
/// </summary>
internal sealed class VirtualTokens
{
    private readonly ISoftPrompt?[] _rows;
    private readonly bool _all;

    /// <summary>The same in front of every row, however many there are.</summary>
    public VirtualTokens(ISoftPrompt all)
        : this([all], all: true)
    {
    }

    /// <summary>One for each row; null is nothing.</summary>
    public VirtualTokens(IEnumerable<ISoftPrompt?> rows)
        : this([.. rows], all: false)
    {
    }

    private VirtualTokens(ISoftPrompt?[] rows, bool all)
    {
        _rows = rows;
        _all = all;
    }

    /// <summary>Those that are embeddings, or null.</summary>
    public VirtualTokens? Embedded => Only<IVirtualEmbeddings>();

    /// <summary>Those that are keys and values, or null.</summary>
    public VirtualTokens? Keyed => Only<IVirtualKeys>();

    /// <summary>The soft prompt of a row.</summary>
    public ISoftPrompt? At(int row) => _all ? _rows[0] : _rows[row];

    /// <summary>For each row the number of its virtual tokens of a kind.</summary>
    /// <exception cref="InvalidOperationException">There are more or fewer rows.</exception>
    public int[] Counts<T>(int rows)
        where T : ISoftPrompt
    {
        if (!_all && _rows.Length != rows)
            throw new InvalidOperationException($"The view says what stands in front of {_rows.Length} rows, the batch has {rows}.");
        return [.. Enumerable.Range(0, rows).Select(row => At(row) is T prompt ? prompt.Count : 0)];
    }

    /// <summary>That of a batch whose row i is what row rows[i] was.</summary>
    public VirtualTokens Select(int[] rows) => _all ? this : new(Array.ConvertAll(rows, row => _rows[row]));

    /// <summary>The embeddings [F, D] of all soft prompts, each once, and for each row where its own begin; null where there are none.</summary>
    public (Tensor Embeddings, int[] First)? Embeddings(int rows, long width, ScalarType type) =>
        Stacked<IVirtualEmbeddings>(rows, prompt => Checked(prompt.Embeddings(), [prompt.Count, width]).to(type));

    /// <summary>
    /// Keys and values for the layers of a stack, [B or 1, P, 2L, Hkv, d] with P the largest number of a row, or null where there are
    /// none. Rows with fewer have theirs in the last of the P columns, or in the first.
    /// </summary>
    public Tensor? KeysAndValues(int rows, StackConfig stack, ScalarType type, bool last)
    {
        long[] shape = [2L * stack.Layers, stack.KeyValueHeadCount, stack.HeadSize];
        if (Stacked<IVirtualKeys>(rows, prompt => Checked(prompt.KeysAndValues(), [prompt.Count, .. shape]).to(type)) is not var (entries, first))
            return null;
        int[] counts = Counts<IVirtualKeys>(rows);
        int columns = counts.Max();
        if (_all)
            return entries.unsqueeze(0);
        Tensor padded = cat([entries, zeros([1, .. shape], type, entries.device)], 0);
        long[] index = new long[rows * columns];
        for (int i = 0; i < index.Length; i++)
        {
            int row = i / columns, at = (i % columns) - (last ? columns - counts[row] : 0);
            index[i] = at >= 0 && at < counts[row] ? first[row] + at : entries.size(0);
        }

        // [F + 1, 2L, Hkv, d] → [B·P, 2L, Hkv, d] → [B, P, 2L, Hkv, d]
        return padded.index_select(0, tensor(index, ScalarType.Int64, entries.device)).view([rows, columns, .. shape]);
    }

    private VirtualTokens? Only<T>() => Array.Exists(_rows, prompt => prompt is T)
        ? new VirtualTokens(Array.ConvertAll(_rows, prompt => prompt is T ? prompt : null), _all)
        : null;

    private (Tensor All, int[] First)? Stacked<T>(int rows, Func<T, Tensor> evaluate)
        where T : class, ISoftPrompt
    {
        T[] distinct = [.. _rows.OfType<T>().Distinct()];
        if (distinct.Length == 0)
            return null;
        Dictionary<ISoftPrompt, int> starts = [];
        int total = 0;
        foreach (T prompt in distinct)
        {
            starts.Add(prompt, total);
            total += prompt.Count;
        }

        return (cat([.. distinct.Select(evaluate)], 0), [.. Enumerable.Range(0, rows).Select(row => At(row) is T prompt ? starts[prompt] : 0)]);
    }

    private static Tensor Checked(Tensor found, long[] wanted) => found.shape.AsSpan().SequenceEqual(wanted) ? found
        : throw new ArgumentException($"A soft prompt of [{string.Join(", ", found.shape)}] stands before a model that reads [{string.Join(", ", wanted)}]: it belongs to another model.");
}
