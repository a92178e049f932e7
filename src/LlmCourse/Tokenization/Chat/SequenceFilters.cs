using System.Numerics;
using System.Text;

namespace LlmCourse.Tokenization.Chat;

/// <summary>The filters on sequences. Those that are generators in Python are so here: lazy, and walked once.</summary>
internal static class SequenceFilters
{
    public static PyList ToList(Run run, object? value) => new(Materialize(run, value));

    public static object? First(object? value)
    {
        foreach (object? item in PythonOperators.Iterate(value))
            return item;
        return new Undefined("no first item, sequence was empty");
    }

    public static object? Last(object? value)
    {
        if (value is PyIterator)
            throw ChatTemplateException.Evaluation("'generator' object is not reversible");
        return PythonOperators.Length(value) == 0
            ? new Undefined("no last item, sequence was empty") : PythonOperators.Iterate(value).Last();
    }

    public static object Items(object? value) => value switch
    {
        PyDict dict => new PyIterator(new DictView(dict, DictViewKind.Items).Values()),
        Undefined => new PyIterator([]),
        _ => throw ChatTemplateException.Evaluation("can only get item pairs from a mapping"),
    };

    public static object? Reverse(object? value) => value is string text
        ? string.Concat(CodePointText.Split(text).Reverse())
        : new PyIterator(PythonOperators.Iterate(value).Reverse());

    public static object? Join(Run run, object? value, Arguments arguments)
    {
        Arguments.Bound bound = arguments.Bind("join", 0, "d", "attribute");
        Func<object?, object?> pick = Picker(bound.Value(1), null);
        string separator = PythonText.Str(bound.Value(0, ""));
        var to = new StringBuilder();
        bool isFirst = true;
        foreach (object? item in PythonOperators.Iterate(value))
        {
            to.Append(isFirst ? "" : separator).Append(PythonText.Str(pick(item)));
            Run.CheckLength(to.Length);
            run.Charge(1);
            isFirst = false;
        }

        return to.ToString();
    }

    public static object? Map(Run run, object? value, Arguments arguments)
    {
        // What is false counts as empty, None too: here and in the filters that select.
        if (!PythonOperators.Truth(value))
            return new PyIterator([]);
        if (arguments.Positional.Count == 0)
        {
            Arguments.Bound bound = arguments.Bind("map", 0, "attribute", "default");
            if (!bound.Has(0))
                throw ChatTemplateException.Evaluation("the filter 'map' needs the name of a filter or an attribute");
            Func<object?, object?> pick = Picker(bound.Value(0), bound.Value(1));
            return Lazy(run, PythonOperators.Iterate(value).Select(pick));
        }

        string name = TextOf(arguments.Positional[0], "a filter");
        var rest = new Arguments([.. arguments.Positional.Skip(1)], arguments.Named);
        return Lazy(run, PythonOperators.Iterate(value).Select(item => Filters.Apply(run, name, item, rest)));
    }

    public static object? Select(Run run, object? value, Arguments arguments, bool keep, bool byAttribute)
    {
        if (!PythonOperators.Truth(value))
            return new PyIterator([]);
        int testAt = byAttribute ? 1 : 0;
        if (arguments.Positional.Count < testAt)
            throw ChatTemplateException.Evaluation("selecting by attribute needs the name of one");
        Func<object?, object?> pick = Picker(byAttribute ? arguments.Positional[0] : null, null);
        Func<object?, bool> test = PythonOperators.Truth;
        if (arguments.Positional.Count > testAt)
        {
            string name = TextOf(arguments.Positional[testAt], "a test");
            var rest = new Arguments([.. arguments.Positional.Skip(testAt + 1)], arguments.Named);
            test = item => Tests.Apply(run, name, item, rest);
        }

        return Lazy(run, PythonOperators.Iterate(value).Where(item => test(pick(item)) == keep));
    }

    public static object? Sort(Run run, object? value, Arguments arguments)
    {
        Arguments.Bound bound = arguments.Bind("sort", 0, "reverse", "case_sensitive", "attribute");
        // A list of keys even where there is one: lists compare what differs, so that equal keys need no order.
        object?[] attributes = bound.Value(2) is string list ? list.Split(',') : [bound.Value(2)];
        Func<object?, object?>[] keys = [.. attributes.Select(attribute => Picker(attribute, null))];
        return new PyList(SortBy(run, Materialize(run, value), item => new PyTuple([.. keys.Select(key => Folded(key(item), bound.Flag(1)))]), bound.Flag(0)));
    }

    public static object? SortDict(Run run, object? value, Arguments arguments)
    {
        Arguments.Bound bound = arguments.Bind("dictsort", 0, "case_sensitive", "by", "reverse");
        if (value is not PyDict dict)
            throw ChatTemplateException.Evaluation($"the filter 'dictsort' needs a mapping, not '{PythonText.TypeName(value)}'");
        int part = bound.Text(1, "key") switch
        {
            "key" => 0,
            "value" => 1,
            _ => throw ChatTemplateException.Evaluation("the filter 'dictsort' sorts by key or by value"),
        };
        List<object?> pairs = Materialize(run, new DictView(dict, DictViewKind.Items));
        return new PyList(SortBy(run, pairs, pair => Folded(((PyTuple)pair!).Items[part], bound.Flag(0)), bound.Flag(2)));
    }

    public static object? Extreme(Run run, object? value, Arguments arguments, bool wantsMax)
    {
        Arguments.Bound bound = arguments.Bind(wantsMax ? "max" : "min", 0, "case_sensitive", "attribute");
        Func<object?, object?> key = Picker(bound.Value(1), null);
        List<object?> items = Materialize(run, value);
        if (items.Count == 0)
            return new Undefined("no aggregated item, sequence was empty");
        object? best = items[0];
        object? bestKey = Folded(key(best), bound.Flag(0));
        foreach (object? item in items.Skip(1))
        {
            object? itemKey = Folded(key(item), bound.Flag(0));
            run.ChargeFor(itemKey);
            if (wantsMax ? Sorting.Less(bestKey, itemKey) : Sorting.Less(itemKey, bestKey))
                (best, bestKey) = (item, itemKey);
        }

        return best;
    }

    public static object? Sum(Run run, object? value, Arguments arguments)
    {
        Arguments.Bound bound = arguments.Bind("sum", 0, "attribute", "start");
        Func<object?, object?> pick = Picker(bound.Value(0), null);
        object? total = bound.Value(1, BigInteger.Zero);
        if (total is string)
            throw ChatTemplateException.Evaluation("strings cannot be summed; join them");
        foreach (object? item in PythonOperators.Iterate(value))
        {
            total = PythonArithmetic.Apply("+", total, pick(item));
            run.ChargeFor(total);
        }

        return total;
    }

    public static object? Unique(Run run, object? value, Arguments arguments)
    {
        Arguments.Bound bound = arguments.Bind("unique", 0, "case_sensitive", "attribute");
        Func<object?, object?> key = Picker(bound.Value(1), null);
        var seen = new PyDict();
        return Lazy(run, PythonOperators.Iterate(value).Where(item =>
        {
            object? itemKey = Folded(key(item), bound.Flag(0));
            bool isNew = !seen.Contains(itemKey);
            seen[itemKey] = null;
            return isNew;
        }));
    }

    public static object? GroupBy(Run run, object? value, Arguments arguments)
    {
        Arguments.Bound bound = arguments.Bind("groupby", 1, "attribute", "default", "case_sensitive");
        Func<object?, object?> pick = Picker(bound.Value(0), bound.Value(1));
        Func<object?, object?> key = item => Folded(pick(item), bound.Flag(2));
        List<object?> groups = [];
        List<object?> members = [];
        foreach (object? item in SortBy(run, Materialize(run, value), key, reverse: false))
        {
            if (members.Count == 0 || !PythonOperators.Equal(key(members[0]), key(item)))
            {
                members = [];
                groups.Add(new PyTuple([pick(item), new PyList(members)]) { Names = ["grouper", "list"] });
            }

            members.Add(item);
        }

        return new PyList(groups);
    }

    public static object? Batch(Run run, object? value, Arguments arguments)
    {
        Arguments.Bound bound = arguments.Bind("batch", 1, "linecount", "fill_with");
        int size = Math.Max(1, bound.Integer(0));
        return Lazy(run, PythonOperators.Iterate(value).Chunk(size).Select(chunk =>
        {
            Run.CheckLength(bound.Value(1) is null ? 0 : size);
            IEnumerable<object?> fill = bound.Value(1) is { } filling ? Enumerable.Repeat<object?>(filling, size - chunk.Length) : [];
            return (object?)new PyList([.. chunk, .. fill]);
        }));
    }

    public static object? Slice(Run run, object? value, Arguments arguments)
    {
        Arguments.Bound bound = arguments.Bind("slice", 1, "slices", "fill_with");
        List<object?> items = Materialize(run, value);
        int count = bound.Integer(0);
        if (count <= 0)
            throw ChatTemplateException.Evaluation("the filter 'slice' needs a positive number of slices");
        Run.CheckLength(count);
        return Lazy(run, Enumerable.Range(0, count).Select(i =>
        {
            int start = i * (items.Count / count) + Math.Min(i, items.Count % count);
            int length = items.Count / count + (i < items.Count % count ? 1 : 0);
            bool fills = bound.Value(1) is not null && i >= items.Count % count && items.Count % count > 0;
            return (object?)new PyList([.. items.GetRange(start, length), .. fills ? [bound.Value(1)] : Array.Empty<object?>()]);
        }));
    }

    private static List<object?> Materialize(Run run, object? value)
    {
        List<object?> items = [];
        foreach (object? item in PythonOperators.Iterate(value))
        {
            items.Add(item);
            run.Charge(1);
            Run.CheckLength(items.Count);
        }

        return items;
    }

    private static PyIterator Lazy(Run run, IEnumerable<object?> items) => new(items.Select(item =>
    {
        run.Step(run.Line);
        return item;
    }));

    private static List<object?> SortBy(Run run, List<object?> items, Func<object?, object?> key, bool reverse) =>
        Sorting.Sort(items, item =>
        {
            object? value = key(item);
            for (int n = items.Count; n > 0; n /= 2)
                run.ChargeFor(value);
            return value;
        }, reverse);

    private static object? Folded(object? key, bool caseSensitive) => key switch
    {
        string text when !caseSensitive => PythonStrings.Lower(text),
        _ => key,
    };

    /// <summary>Takes an attribute, a dotted path of them, or an index, out of an item.</summary>
    private static Func<object?, object?> Picker(object? attribute, object? otherwise)
    {
        if (attribute is null)
            return item => item;
        object?[] path = attribute is string text
            ? [.. text.Split('.').Select(part => part.Length is > 0 and < 10 && part.All(char.IsAsciiDigit) ? (object)NumberLiteral.Integer(part) : part)]
            : [attribute];
        return item =>
        {
            foreach (object? part in path)
                item = Members.Item(item, part) is var next && next is Undefined && otherwise is not null ? otherwise : next;
            return item;
        };
    }

    private static string TextOf(object? name, string what) =>
        name as string ?? throw ChatTemplateException.Evaluation($"the name of {what} must be a string");
}
