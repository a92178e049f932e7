using System.Numerics;

namespace LlmCourse.Tokenization.Chat;

/// <summary>Truth, equality, order, membership and iteration as Python defines them.</summary>
internal static class PythonOperators
{
    /// <summary>How many values may be compared at once where nothing is charged for it: as keys, and while sorting.</summary>
    public const int MaxComparisons = 1 << 9;

    public static bool Truth(object? value) => value switch
    {
        null or Undefined => false,
        bool b => b,
        BigInteger i => !i.IsZero,
        double d => d != 0,
        string s => s.Length > 0,
        PyList list => list.Items.Count > 0,
        PyTuple tuple => tuple.Items.Count > 0,
        PyDict dict => dict.Entries.Count > 0,
        PyRange range => range.Count > 0,
        DictView view => view.Dict.Entries.Count > 0,
        _ => true,
    };

    /// <summary>The value as an integer where it is one; True and False are.</summary>
    public static BigInteger? AsInteger(object? value) => value switch
    {
        bool b => b ? BigInteger.One : BigInteger.Zero,
        BigInteger i => i,
        _ => null,
    };

    public static bool IsNumber(object? value) => value is bool or BigInteger or double;

    public static double AsDouble(object? value) => value is double d ? d : (double)AsInteger(value)!.Value;

    public static bool Equal(object? a, object? b, Run? run = null)
    {
        int most = run is null ? MaxComparisons : 1 << 20;
        int left = most;
        bool result = Equal(a, b, ref left);
        run?.Charge(most - left);
        return result;
    }

    private static bool Equal(object? a, object? b, ref int left)
    {
        Run.CheckStack();
        if (--left < 0)
            throw ChatTemplateException.Limit("comparing two values takes too many steps");
        switch (a, b)
        {
            case (double x, double y): return x == y;
            case (string x, string y): return string.Equals(x, y, StringComparison.Ordinal);
            case (PyList x, PyList y): return ReferenceEquals(x, y) || AllEqual(x.Items, y.Items, ref left);
            case (PyTuple x, PyTuple y): return ReferenceEquals(x, y) || AllEqual(x.Items, y.Items, ref left);
            case (PyDict x, PyDict y): return ReferenceEquals(x, y) || SameEntries(x, y, ref left);
            case (PyRange x, PyRange y):
                return x.Count == y.Count && (x.Count == 0 || x.Start == y.Start && (x.Count == 1 || x.Step == y.Step));
            case (Undefined, Undefined): return true;
            case (null, null): return true;
            default: return IsNumber(a) && IsNumber(b) ? CompareNumbers(a, b) == 0 : ReferenceEquals(a, b);
        }
    }

    private static bool AllEqual(IReadOnlyList<object?> a, IReadOnlyList<object?> b, ref int left)
    {
        if (a.Count != b.Count)
            return false;
        for (int i = 0; i < a.Count; i++)
        {
            if (!Equal(a[i], b[i], ref left))
                return false;
        }

        return true;
    }

    private static bool SameEntries(PyDict a, PyDict b, ref int left)
    {
        if (a.Entries.Count != b.Entries.Count)
            return false;
        foreach ((object? key, object? value) in a.Entries)
        {
            if (!b.TryGet(key, out object? other) || !Equal(value, other, ref left))
                return false;
        }

        return true;
    }

    /// <summary>Python's &lt; , as a sign: negative, zero or positive; null where a NaN makes all comparisons false.</summary>
    public static int? Compare(object? a, object? b, string symbol)
    {
        Run.CheckStack();
        if (a is Undefined || b is Undefined)
            throw ((a as Undefined) ?? (Undefined)b!).Failure();
        if (IsNumber(a) && IsNumber(b))
            return CompareNumbers(a, b);
        return (a, b) switch
        {
            (string x, string y) => CodePointText.Compare(x, y),
            (PyList x, PyList y) => CompareAll(x.Items, y.Items, symbol),
            (PyTuple x, PyTuple y) => CompareAll(x.Items, y.Items, symbol),
            _ => throw ChatTemplateException.Evaluation(
                $"'{symbol}' not supported between instances of '{PythonText.TypeName(a)}' and '{PythonText.TypeName(b)}'"),
        };
    }

    private static int? CompareAll(IReadOnlyList<object?> a, IReadOnlyList<object?> b, string symbol)
    {
        for (int i = 0; i < Math.Min(a.Count, b.Count); i++)
        {
            if (!Equal(a[i], b[i]))
                return Compare(a[i], b[i], symbol);
        }

        return a.Count.CompareTo(b.Count);
    }

    private static int? CompareNumbers(object? a, object? b)
    {
        if (AsInteger(a) is { } x)
            return AsInteger(b) is { } y ? x.CompareTo(y) : -CompareToInteger((double)b!, x);
        return AsInteger(b) is { } z ? CompareToInteger((double)a!, z) : CompareFloats((double)a!, (double)b!);
    }

    private static int? CompareFloats(double a, double b) => double.IsNaN(a) || double.IsNaN(b) ? null : a.CompareTo(b);

    // Exact: an integer beyond 2^53 is not rounded to the float.
    private static int? CompareToInteger(double a, BigInteger b)
    {
        if (double.IsNaN(a))
            return null;
        if (double.IsInfinity(a))
            return a > 0 ? 1 : -1;
        int whole = new BigInteger(Math.Floor(a)).CompareTo(b);
        return whole != 0 ? whole : a > Math.Floor(a) ? 1 : 0;
    }

    public static bool Contains(Run run, object? container, object? item) => container switch
    {
        string text => item switch
        {
            string part => text.Contains(part, StringComparison.Ordinal),
            _ => throw ChatTemplateException.Evaluation($"'in <string>' requires string as left operand, not {PythonText.TypeName(item)}"),
        },
        PyDict dict => dict.Contains(item),
        DictView { Kind: DictViewKind.Keys } view => view.Dict.Contains(item),
        PyList or PyTuple or PyRange or DictView or PyIterator or Undefined => Iterate(container).Any(x => ReferenceEquals(x, item) || Equal(x, item, run)),
        _ => throw ChatTemplateException.Evaluation($"argument of type '{PythonText.TypeName(container)}' is not iterable"),
    };

    public static bool IsIterable(object? value) =>
        value is string or PyList or PyTuple or PyDict or PyRange or DictView or PyIterator or Undefined or LoopState;

    public static IEnumerable<object?> Iterate(object? value) => value switch
    {
        string text => CodePointText.Split(text),
        PyList list => list.Items,
        PyTuple tuple => tuple.Items,
        PyDict dict => dict.Entries.Select(e => e.Key),
        PyRange range => range.Values(),
        DictView view => view.Values(),
        PyIterator iterator => iterator.Remaining(),
        Undefined => [],
        _ => throw ChatTemplateException.Evaluation($"'{PythonText.TypeName(value)}' object is not iterable"),
    };

    public static int Length(object? value) => value switch
    {
        string text => CodePointText.Count(text),
        PyList list => list.Items.Count,
        PyTuple tuple => tuple.Items.Count,
        PyDict dict => dict.Entries.Count,
        PyRange range => range.Count,
        DictView view => view.Dict.Entries.Count,
        LoopState loop => loop.Length,
        Undefined => 0,
        _ => throw ChatTemplateException.Evaluation($"object of type '{PythonText.TypeName(value)}' has no len()"),
    };
}
