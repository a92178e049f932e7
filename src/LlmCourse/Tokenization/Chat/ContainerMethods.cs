using System.Numerics;

namespace LlmCourse.Tokenization.Chat;

/// <summary>The methods of dict, list and tuple that change nothing; those that would are there, but may not be called.</summary>
internal static class ContainerMethods
{
    private static readonly string[] ChangingDict = ["clear", "pop", "popitem", "setdefault", "update"];
    private static readonly string[] ChangingList = ["append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"];

    public static object? Find(PyDict dict, string name) => name switch
    {
        "items" => Method(name, (_, a) => { a.Bind(name, 0); return new DictView(dict, DictViewKind.Items); }),
        "keys" => Method(name, (_, a) => { a.Bind(name, 0); return new DictView(dict, DictViewKind.Keys); }),
        "values" => Method(name, (_, a) => { a.Bind(name, 0); return new DictView(dict, DictViewKind.Values); }),
        "get" => Method(name, (_, a) => Get(dict, a)),
        "copy" => Method(name, (_, a) => { a.Bind(name, 0); return Copy(dict); }),
        _ => ChangingDict.Contains(name) ? Undefined.Unsafe(dict, name) : null,
    };

    public static object? Find(PyList list, string name) => name switch
    {
        "copy" => Method(name, (_, a) => { a.Bind(name, 0); return new PyList([.. list.Items]); }),
        _ => ChangingList.Contains(name) ? Undefined.Unsafe(list, name) : Search(list, name, list.Items),
    };

    public static object? Find(PyTuple tuple, string name)
    {
        for (int i = 0; i < tuple.Names.Count; i++)
        {
            if (tuple.Names[i] == name)
                return tuple.Items[i];
        }

        return Search(tuple, name, tuple.Items);
    }

    public static object? Find(PyRange range, string name) => Search(range, name, [.. PythonOperators.Iterate(range)]);

    public static PyDict Copy(PyDict dict)
    {
        var copy = new PyDict();
        foreach ((object? key, object? value) in dict.Entries)
            copy[key] = value;
        return copy;
    }

    private static object? Get(PyDict dict, Arguments arguments)
    {
        Arguments.Bound bound = arguments.Bind("get", 1, "key", "default");
        return dict.TryGet(bound.Value(0), out object? value) ? value : bound.Value(1);
    }

    private static Callable? Search(object owner, string name, IReadOnlyList<object?> items) => name switch
    {
        "count" => Method(name, (run, a) =>
        {
            run.Charge(items.Count);
            object? wanted = a.Bind(name, 1, "value").Value(0);
            return (BigInteger)items.Count(item => PythonOperators.Equal(item, wanted, run));
        }),
        "index" => Method(name, (run, a) =>
        {
            run.Charge(items.Count);
            object? wanted = a.Bind(name, 1, "value").Value(0);
            int at = Enumerable.Range(0, items.Count).FirstOrDefault(i => PythonOperators.Equal(items[i], wanted, run), -1);
            return at >= 0 ? (BigInteger)at
                : throw ChatTemplateException.Evaluation($"{PythonText.Repr(wanted)} is not in {PythonText.TypeName(owner)}");
        }),
        _ => null,
    };

    private static Callable Method(string name, Func<Run, Arguments, object?> invoke) => new(name, invoke);
}
