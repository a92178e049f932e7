using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Adapters;

/// <summary>
/// Which adapter each row of a batch has: an adapter is its changes by the name of their site, null is the plain base. It owns
/// nothing, and never changes: one may serve several threads.
/// </summary>
internal sealed class RowAdapters : ILinearAdapter
{
    private readonly IReadOnlyDictionary<string, LoraDelta>?[] _rows;
    private readonly (IReadOnlyDictionary<string, LoraDelta> Adapter, long[] Rows)[] _groups;

    public RowAdapters(params IReadOnlyDictionary<string, LoraDelta>?[] rows)
    {
        _rows = rows;
        _groups = [.. rows.OfType<IReadOnlyDictionary<string, LoraDelta>>().Distinct()
            .Select(adapter => (adapter, Array.FindAll(Range(rows.Length), row => rows[row] == adapter)))];
    }

    public Tensor Apply(AdapterSite site, Tensor input, Tensor output)
    {
        if (_groups is [{ Rows.Length: int all } only] && all == _rows.Length) // whatever the rows of the input are
            return only.Adapter.TryGetValue(site.Name, out LoraDelta? one) ? one.AddTo(output, input) : output;

        foreach ((IReadOnlyDictionary<string, LoraDelta> adapter, long[] rows) in _groups)
        {
            if (!adapter.TryGetValue(site.Name, out LoraDelta? delta))
                continue;
            if (input.dim() != 3 || input.size(0) != _rows.Length)
            {
                throw new InvalidOperationException(
                    $"Rows with different adapters need an input [{_rows.Length}, T, {site.Input}] at {site.Name}, found [{string.Join(", ", input.shape)}].");
            }

            using var scope = NewDisposeScope();
            Tensor index = tensor(rows, ScalarType.Int64, input.device);
            Tensor changed = delta.AddTo(output.index_select(0, index), input.index_select(0, index));
            output = output.index_copy(0, index, changed).MoveToOuterDisposeScope();
        }

        return output;
    }

    public bool ActsOn(AdapterSite site) => Array.Exists(_groups, group => group.Adapter.ContainsKey(site.Name));

    public ILinearAdapter Select(int[] rows) => new RowAdapters(Array.ConvertAll(rows, row => _rows[row]));

    private static long[] Range(int count) => [.. Enumerable.Range(0, count).Select(row => (long)row)];
}
