using System.Numerics;

namespace LlmCourse.Tokenization.Chat;

// Template values are Python's: null is None, bool, BigInteger (int), double (float) and string (str) stand for themselves;
// the containers and callables are the types of this file, Undefined and the template objects.

internal sealed class PyList(List<object?> items)
{
    public List<object?> Items { get; } = items;
}

internal sealed class PyTuple(IReadOnlyList<object?> items)
{
    public IReadOnlyList<object?> Items { get; } = items;

    /// <summary>The names of the items, where they can be had as attributes too.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];
}

internal sealed record PyRange(BigInteger Start, BigInteger Stop, BigInteger Step, int Count)
{
    public BigInteger this[int index] => Start + Step * index;

    public IEnumerable<object?> Values() => Enumerable.Range(0, Count).Select(i => (object?)this[i]);
}

internal enum DictViewKind
{
    Keys,
    Values,
    Items,
}

internal sealed record DictView(PyDict Dict, DictViewKind Kind)
{
    public IEnumerable<object?> Values() => Kind switch
    {
        DictViewKind.Keys => Dict.Entries.Select(e => e.Key),
        DictViewKind.Values => Dict.Entries.Select(e => e.Value),
        _ => Dict.Entries.Select(e => (object?)new PyTuple([e.Key, e.Value])),
    };
}

/// <summary>A generator: can be walked once, has no length and no elements to index.</summary>
internal sealed class PyIterator(IEnumerable<object?> source)
{
    private readonly IEnumerator<object?> _source = source.GetEnumerator();

    public IEnumerable<object?> Remaining()
    {
        while (_source.MoveNext())
            yield return _source.Current;
    }
}

/// <summary>Anything that can be called: a global, a method bound to its value, a macro's body.</summary>
internal sealed record Callable(string Name, Func<Run, Arguments, object?> Invoke)
{
    /// <summary>How it prints, where that is fixed.</summary>
    public string? Text { get; init; }
}

/// <summary>An object of the template language with attributes of its own.</summary>
internal interface ITemplateObject
{
    public string TypeName { get; }

    /// <summary>Returns whether the attribute exists.</summary>
    public bool TryGet(string name, out object? value);
}

/// <summary>A template object that can be called.</summary>
internal interface ICallableObject : ITemplateObject
{
    public object? Call(Run run, Arguments arguments);
}
