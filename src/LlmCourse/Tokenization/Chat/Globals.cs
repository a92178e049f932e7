using System.Numerics;

namespace LlmCourse.Tokenization.Chat;

/// <summary>The functions that every template can call; a variable of the same name hides them.</summary>
internal static class Globals
{
    private const int MaxRange = 100_000;

    public static object? Find(string name) => name switch
    {
        "range" => new Callable(name, Range),
        "dict" => new Callable(name, Dict) { Text = "<class 'dict'>" },
        "namespace" => new Callable(name, (run, a) => new Namespace(Dict(run, a))) { Text = "<class 'jinja2.utils.Namespace'>" },
        "cycler" => new Callable(name, (_, a) => new Cycler(a.Positional)) { Text = "<class 'jinja2.utils.Cycler'>" },
        "joiner" => new Callable(name, (_, a) => new Joiner(a.Bind(name, 0, "sep").Text(0, ", "))) { Text = "<class 'jinja2.utils.Joiner'>" },
        "raise_exception" => new Callable(name, Raise),
        "strftime_now" => new Callable(name, (run, a) => TimeFormat.Format(run.Clock.GetLocalNow(), a.Bind(name, 1, "format").Text(0))),
        "lipsum" => throw new ChatTemplateException(ChatTemplateError.Unsupported, "the function 'lipsum' is not supported"),
        _ => null,
    };

    private static object Raise(Run run, Arguments arguments) => throw new ChatTemplateException(
        ChatTemplateError.Raised, PythonText.Str(arguments.Bind("raise_exception", 1, "message").Value(0)));

    private static PyRange Range(Run run, Arguments arguments)
    {
        Arguments.Bound bound = arguments.Bind("range", 1, "start", "stop", "step");
        BigInteger[] given = [.. Enumerable.Range(0, arguments.Positional.Count).Select(i => Integer(bound.Value(i)))];
        (BigInteger start, BigInteger stop) = given.Length == 1 ? (BigInteger.Zero, given[0]) : (given[0], given[1]);
        BigInteger step = given.Length == 3 ? given[2] : BigInteger.One;
        if (step.IsZero)
            throw ChatTemplateException.Evaluation("range() arg 3 must not be zero");
        BigInteger count = BigInteger.Max(0, (stop - start + step - step.Sign) / step);
        if (count > MaxRange)
            throw ChatTemplateException.Limit($"range() is limited to {MaxRange} values");
        return new PyRange(start, stop, step, (stop - start).Sign == step.Sign ? (int)count : 0);
    }

    private static BigInteger Integer(object? value) => value is Undefined undefined ? throw undefined.Failure()
        : PythonOperators.AsInteger(value)
        ?? throw ChatTemplateException.Evaluation($"'{PythonText.TypeName(value)}' object cannot be interpreted as an integer");

    private static PyDict Dict(Run run, Arguments arguments)
    {
        object? source = arguments.Positional.Count == 0 ? new PyDict()
            : Arguments.Of([.. arguments.Positional]).Bind("dict", 1, "mapping").Value(0);
        PyDict dict = source is PyDict given ? ContainerMethods.Copy(given)
            : source is Undefined undefined ? throw undefined.Failure() : FromPairs(source);
        foreach ((string key, object? value) in arguments.Named)
            dict[key] = value;
        run.ChargeFor(dict);
        return dict;
    }

    private static PyDict FromPairs(object? pairs)
    {
        var dict = new PyDict();
        foreach (object? pair in PythonOperators.Iterate(pairs))
        {
            if (PythonOperators.Iterate(pair).Take(3).ToList() is not [var key, var value])
                throw ChatTemplateException.Evaluation("a dict is made of pairs");
            dict[key] = value;
        }

        return dict;
    }

    private sealed class Cycler(IReadOnlyList<object?> items) : ITemplateObject
    {
        private int _at;

        public string TypeName => "jinja2.utils.Cycler";

        public bool TryGet(string name, out object? value)
        {
            value = name switch
            {
                "current" => Current(),
                "next" => new Callable(name, (_, _) => Next()),
                "reset" => new Callable(name, (_, _) => { _at = 0; return null; }),
                _ => this,
            };
            return !ReferenceEquals(value, this);
        }

        private object? Current() => items.Count > 0 ? items[_at] : throw ChatTemplateException.Evaluation("no items for cycling given");

        private object? Next()
        {
            object? current = Current();
            _at = (_at + 1) % items.Count;
            return current;
        }
    }

    private sealed class Joiner(string separator) : ICallableObject
    {
        private bool _used;

        public string TypeName => "jinja2.utils.Joiner";

        public bool TryGet(string name, out object? value)
        {
            value = name == "sep" ? separator : null;
            return name == "sep";
        }

        public object? Call(Run run, Arguments arguments)
        {
            string text = _used ? separator : "";
            _used = true;
            return text;
        }
    }
}
