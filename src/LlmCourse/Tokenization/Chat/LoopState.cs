using System.Numerics;

namespace LlmCourse.Tokenization.Chat;

/// <summary>The variable <c>loop</c> of a for loop.</summary>
internal sealed class LoopState(IReadOnlyList<object?> items, int depth, Func<Run, object?, string>? recurse) : ICallableObject
{
    private object? _lastChanged;

    public string TypeName => "LoopContext";

    public int Index { get; set; }

    public int Length => items.Count;

    public bool TryGet(string name, out object? value)
    {
        value = name switch
        {
            "index" => new BigInteger(Index + 1),
            "index0" => new BigInteger(Index),
            "revindex" => new BigInteger(Length - Index),
            "revindex0" => new BigInteger(Length - Index - 1),
            "first" => Index == 0,
            "last" => Index == Length - 1,
            "length" => new BigInteger(Length),
            "depth" => new BigInteger(depth + 1),
            "depth0" => new BigInteger(depth),
            "previtem" => Index > 0 ? items[Index - 1] : new Undefined("there is no previous item"),
            "nextitem" => Index + 1 < Length ? items[Index + 1] : new Undefined("there is no next item"),
            "cycle" => new Callable("cycle", Cycle),
            "changed" => new Callable("changed", (_, a) => Changed(a)),
            _ => Undefined.Member(this, name),
        };
        return value is not Undefined || name is "previtem" or "nextitem";
    }

    public object? Call(Run run, Arguments arguments) => recurse is null
        ? throw ChatTemplateException.Evaluation("only a loop marked 'recursive' can be called")
        : recurse(run, arguments.Bind("loop", 1, "iterable").Value(0));

    private object? Cycle(Run run, Arguments arguments) => arguments.Positional.Count == 0
        ? throw ChatTemplateException.Evaluation("no items for cycling given")
        : arguments.Positional[Index % arguments.Positional.Count];

    private bool Changed(Arguments arguments)
    {
        var now = new PyTuple(arguments.Positional);
        bool changed = _lastChanged is null || !PythonOperators.Equal(_lastChanged, now);
        _lastChanged = now;
        return changed;
    }
}
