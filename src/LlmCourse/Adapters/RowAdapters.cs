using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Adapters;

/// <summary>
/// Which adapters act on each row of a batch: none, one, or several whose changes add up. It owns nothing and never changes:
/// one may serve several threads.
/// </summary>
internal sealed class RowAdapters : IAdapter
{
    private readonly Adapter[][]? _rows; // null: the same for all rows, however many there are
    private readonly (Adapter[] Adapters, long[] Rows)[] _groups;

    private RowAdapters(Adapter[][]? rows, (Adapter[] Adapters, long[] Rows)[] groups) => (_rows, _groups) = (rows, groups);

    /// <summary>The same adapters for every row of any batch.</summary>
    public static RowAdapters Everywhere(params Adapter[] adapters) => new(null, [(Compatible(adapters), [])]);

    /// <summary>For each row of a batch its adapters; an empty list is the plain base.</summary>
    public static RowAdapters Of(params IReadOnlyList<Adapter[]> rows)
    {
        Adapter[][] all = [.. rows];
        if (all.Length > 0 && all.All(row => row.SequenceEqual(all[0])))
            return new RowAdapters(all, [(Compatible(all[0]), [.. Enumerable.Range(0, all.Length).Select(row => (long)row)])]);
        List<(Adapter[] Adapters, List<long> Rows)> groups = [];
        for (int row = 0; row < all.Length; row++)
        {
            int known = groups.FindIndex(group => group.Adapters.SequenceEqual(all[row]));
            if (known < 0)
                groups.Add((Compatible(all[row]), [row]));
            else
                groups[known].Rows.Add(row);
        }

        return new RowAdapters(all, [.. groups.Where(group => group.Adapters.Length > 0).Select(group => (group.Adapters, group.Rows.ToArray()))]);
    }

    public bool ActsOn(AdapterSite site) => Array.Exists(_groups, group => Array.Exists(group.Adapters, adapter => adapter.At(site).Count > 0));

    public Tensor Apply(SiteModule module, Tensor input, Tensor? output)
    {
        if (_groups.Length == 0)
            return output ?? module.Output(input);
        if (_groups is [{ } only] && (_rows is null || only.Rows.Length == _rows.Length)) // whatever the rows of the input are
            return Changed(only.Adapters, module, input, output) ?? output ?? module.Output(input);
        if (input.size(0) != _rows!.Length)
        {
            throw new InvalidOperationException(
                $"Rows with different adapters need an input of {_rows.Length} rows at {module.Site.Name}, found [{string.Join(", ", input.shape)}].");
        }

        using var scope = NewDisposeScope();
        Tensor result = output ?? module.Output(input);
        foreach ((Adapter[] adapters, long[] rows) in _groups)
        {
            Tensor index = tensor(rows, ScalarType.Int64, input.device);
            if (Changed(adapters, module, input.index_select(0, index), result.index_select(0, index)) is { } changed)
                result = result.index_copy(0, index, changed);
        }

        return ReferenceEquals(result, output) ? output : result.MoveToOuterDisposeScope();
    }

    public IAdapter Select(int[] rows) => _rows is null ? this : Of(Array.ConvertAll(rows, row => _rows[row]));

    // The output behind all changes of some adapters, or null where there is none.
    private static Tensor? Changed(Adapter[] adapters, SiteModule module, Tensor input, Tensor? output)
    {
        Tensor? changed = null;
        foreach (SiteChange change in adapters.SelectMany(adapter => adapter.At(module.Site)))
        {
            Tensor? before = changed;
            changed = change.Apply(module, input, before ?? output);
            before?.Dispose();
        }

        return changed;
    }

    private static Adapter[] Compatible(Adapter[] adapters)
    {
        RequireCompatible(adapters);
        return adapters;
    }

    /// <summary>Refuses adapters whose changes of one module do not add up: the result would depend on their order.</summary>
    public static void RequireCompatible(IReadOnlyList<Adapter> adapters)
    {
        if (adapters.Distinct().Count() < adapters.Count)
            throw new ArgumentException("An adapter can act on a row only once.");
        foreach (string module in adapters.SelectMany(adapter => adapter.Modules).GroupBy(module => module, StringComparer.Ordinal).Where(group => group.Count() > 1).Select(group => group.Key))
        {
            Adapter? other = adapters.FirstOrDefault(adapter => adapter.Changed.Any(entry => entry.Site.Site.Name == module && !entry.Change.Adds));
            if (other is not null)
                throw new ArgumentException($"'{other.Name}' and another adapter act on {module}, and its change is not one that adds to another's: use them one at a time.");
        }
    }
}
