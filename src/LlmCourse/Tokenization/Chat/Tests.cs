using System.Collections.Frozen;
using System.Globalization;
using System.Numerics;

namespace LlmCourse.Tokenization.Chat;

/// <summary>What may stand after <c>is</c>.</summary>
internal static class Tests
{
    private delegate bool Test(Run run, object? value, Arguments arguments);

    private static readonly FrozenDictionary<string, Test> All = new Dictionary<string, Test>
    {
        ["defined"] = Plain(v => v is not Undefined),
        ["undefined"] = Plain(v => v is Undefined),
        ["none"] = Plain(v => v is null),
        ["boolean"] = Plain(v => v is bool),
        ["true"] = Plain(v => v is true),
        ["false"] = Plain(v => v is false),
        ["integer"] = Plain(v => v is BigInteger),
        ["float"] = Plain(v => v is double),
        ["number"] = Plain(PythonOperators.IsNumber),
        ["string"] = Plain(v => v is string),
        ["mapping"] = Plain(v => v is PyDict),
        ["iterable"] = Plain(PythonOperators.IsIterable),
        ["sequence"] = Plain(v => v is string or PyList or PyTuple or PyDict or PyRange or Undefined),
        ["callable"] = Plain(v => v is Callable or ICallableObject or Undefined),
        ["escaped"] = Plain(_ => false),
        ["lower"] = Plain(v => PythonStrings.HasCase(PythonText.Str(v), UnicodeCategory.LowercaseLetter)),
        ["upper"] = Plain(v => PythonStrings.HasCase(PythonText.Str(v), UnicodeCategory.UppercaseLetter)),
        ["odd"] = Plain(v => PythonOperators.Equal(Remainder(v, BigInteger.One + 1), BigInteger.One)),
        ["even"] = Plain(v => PythonOperators.Equal(Remainder(v, BigInteger.One + 1), BigInteger.Zero)),
        ["divisibleby"] = (_, v, a) => PythonOperators.Equal(Remainder(v, a.Bind("divisibleby", 1, "num").Value(0)), BigInteger.Zero),
        ["sameas"] = (_, v, a) => IsSame(v, a.Bind("sameas", 1, "other").Value(0)),
        ["filter"] = Plain(v => v is string name && Filters.IsKnown(name)),
        ["test"] = Plain(v => v is string name && IsKnown(name)),
        ["in"] = Compares("in"),
        ["=="] = Compares("=="),
        ["eq"] = Compares("=="),
        ["equalto"] = Compares("=="),
        ["!="] = Compares("!="),
        ["ne"] = Compares("!="),
        [">"] = Compares(">"),
        ["gt"] = Compares(">"),
        ["greaterthan"] = Compares(">"),
        [">="] = Compares(">="),
        ["ge"] = Compares(">="),
        ["<"] = Compares("<"),
        ["lt"] = Compares("<"),
        ["lessthan"] = Compares("<"),
        ["<="] = Compares("<="),
        ["le"] = Compares("<="),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static bool IsKnown(string name) => All.ContainsKey(name);

    public static bool Apply(Run run, string name, object? value, Arguments arguments) => All.TryGetValue(name, out Test? test)
        ? test(run, value, arguments)
        : throw ChatTemplateException.Evaluation($"there is no test named '{name}'");

    private static Test Plain(Func<object?, bool> holds) => (_, value, arguments) =>
    {
        arguments.Bind("the test", 0);
        return holds(value);
    };

    private static Test Compares(string symbol) => (run, value, arguments) =>
        Comparison.Holds(run, symbol, value, arguments.Bind("the test", 1, "other").Value(0));

    private static object? Remainder(object? value, object? divisor) => value is string
        ? throw ChatTemplateException.Evaluation("a string has no remainder")
        : PythonArithmetic.Apply("%", value, divisor);

    // Equal small numbers and texts of one template are usually one object in Python; here they always are.
    private static bool IsSame(object? a, object? b) => a is bool or BigInteger or double or string
        ? a.GetType() == b?.GetType() && PythonOperators.Equal(a, b)
        : ReferenceEquals(a, b);
}
