using System.Numerics;

namespace LlmCourse.Tokenization.Chat;

/// <summary>The arguments of one call.</summary>
internal sealed class Arguments(IReadOnlyList<object?> positional, IReadOnlyList<KeyValuePair<string, object?>> named)
{
    public static readonly Arguments None = new([], []);

    public IReadOnlyList<object?> Positional { get; } = positional;

    public IReadOnlyList<KeyValuePair<string, object?>> Named { get; } = named;

    public static Arguments Of(params object?[] positional) => new(positional, []);

    /// <summary>Lines the arguments up with a function's parameters, of which the first <paramref name="required"/> must be given.</summary>
    public Bound Bind(string function, int required, params string[] parameters)
    {
        if (Positional.Count > parameters.Length)
            throw ChatTemplateException.Evaluation($"{function}() takes at most {parameters.Length} arguments ({Positional.Count} given)");
        var values = new object?[parameters.Length];
        var given = new bool[parameters.Length];
        for (int i = 0; i < Positional.Count; i++)
            (values[i], given[i]) = (Positional[i], true);
        foreach ((string name, object? value) in Named)
        {
            int at = Array.IndexOf(parameters, name);
            if (at < 0 || given[at])
                throw ChatTemplateException.Evaluation($"{function}() got {(at < 0 ? "an unexpected keyword argument" : "several values for argument")} '{name}'");
            (values[at], given[at]) = (value, true);
        }

        int missing = Array.IndexOf(given, false);
        if (missing >= 0 && missing < required)
            throw ChatTemplateException.Evaluation($"{function}() misses its argument '{parameters[missing]}'");
        return new Bound(function, parameters, values, given);
    }

    internal readonly struct Bound(string function, string[] parameters, object?[] values, bool[] given)
    {
        public bool Has(int index) => given[index];

        public object? Value(int index, object? otherwise = null) => given[index] ? values[index] : otherwise;

        public bool Flag(int index, bool otherwise = false) => given[index] ? PythonOperators.Truth(values[index]) : otherwise;

        public string Text(int index, string otherwise = "") => !given[index] ? otherwise
            : values[index] as string ?? throw Wrong(index, "a string");

        /// <summary>A string, or null where it is left out or none.</summary>
        public string? OptionalText(int index) => given[index] && values[index] is not null ? Text(index) : null;

        /// <summary>An integer, clamped to what a length or an index can be.</summary>
        public int Integer(int index, int otherwise = 0)
        {
            if (!given[index])
                return otherwise;
            BigInteger value = PythonOperators.AsInteger(values[index]) ?? throw Wrong(index, "an integer");
            return (int)BigInteger.Clamp(value, int.MinValue / 2, int.MaxValue / 2);
        }

        private ChatTemplateException Wrong(int index, string wanted) => values[index] is Undefined undefined ? undefined.Failure()
            : ChatTemplateException.Evaluation($"{function}() needs {wanted} as '{parameters[index]}', not '{PythonText.TypeName(values[index])}'");
    }
}
