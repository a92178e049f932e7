using System.Collections.Frozen;
using System.Numerics;

namespace LlmCourse.Tokenization.Chat;

/// <summary>What may stand after a bar: the filters by name.</summary>
internal static class Filters
{
    private delegate object? Filter(Run run, object? value, Arguments arguments);

    // Jinja has these; they are random, write HTML, or wrap text for people to read.
    private static readonly FrozenSet<string> Unsupported = new[]
    {
        "random", "urlize", "xmlattr", "pprint", "striptags", "filesizeformat", "wordwrap", "urlencode",
    }.ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, Filter> All = new Dictionary<string, Filter>
    {
        ["abs"] = Plain("abs", v => v is double number ? Math.Abs(number) : PythonOperators.Compare(v, BigInteger.Zero, "<") < 0 ? PythonArithmetic.Negate(v) : PythonArithmetic.Plus(v)),
        ["attr"] = (_, v, a) => TextFilters.Attribute(v, a.Bind("attr", 1, "name").Text(0)),
        ["batch"] = SequenceFilters.Batch,
        ["capitalize"] = Plain("capitalize", v => PythonStrings.Capitalize(PythonText.Str(v))),
        ["center"] = (_, v, a) => PythonStrings.Pad(PythonText.Str(v), a.Bind("center", 0, "width").Integer(0, 80), " ", 0),
        ["count"] = Plain("count", v => (BigInteger)PythonOperators.Length(v)),
        ["d"] = (_, v, a) => Default(v, a),
        ["default"] = (_, v, a) => Default(v, a),
        ["dictsort"] = SequenceFilters.SortDict,
        ["e"] = Plain("e", TextFilters.Escape),
        ["escape"] = Plain("escape", TextFilters.Escape),
        ["first"] = Plain("first", SequenceFilters.First),
        ["float"] = (_, v, a) => NumberFilters.ToFloat(v, a),
        ["forceescape"] = Plain("forceescape", TextFilters.Escape),
        ["format"] = (_, v, a) => TextFilters.Format(PythonText.Str(v), a),
        ["groupby"] = SequenceFilters.GroupBy,
        ["indent"] = (_, v, a) => TextFilters.Indent(v, a),
        ["int"] = (_, v, a) => NumberFilters.ToInteger(v, a),
        ["items"] = Plain("items", SequenceFilters.Items),
        ["join"] = SequenceFilters.Join,
        ["last"] = Plain("last", SequenceFilters.Last),
        ["length"] = Plain("length", v => (BigInteger)PythonOperators.Length(v)),
        ["list"] = (run, v, a) => SequenceFilters.ToList(run, v),
        ["lower"] = Plain("lower", v => PythonStrings.Lower(PythonText.Str(v))),
        ["map"] = SequenceFilters.Map,
        ["max"] = (run, v, a) => SequenceFilters.Extreme(run, v, a, wantsMax: true),
        ["min"] = (run, v, a) => SequenceFilters.Extreme(run, v, a, wantsMax: false),
        ["reject"] = (run, v, a) => SequenceFilters.Select(run, v, a, keep: false, byAttribute: false),
        ["rejectattr"] = (run, v, a) => SequenceFilters.Select(run, v, a, keep: false, byAttribute: true),
        ["replace"] = TextFilters.Replace,
        ["reverse"] = Plain("reverse", SequenceFilters.Reverse),
        ["round"] = (_, v, a) => NumberFilters.Round(v, a),
        ["safe"] = Plain("safe", PythonText.Str),
        ["select"] = (run, v, a) => SequenceFilters.Select(run, v, a, keep: true, byAttribute: false),
        ["selectattr"] = (run, v, a) => SequenceFilters.Select(run, v, a, keep: true, byAttribute: true),
        ["slice"] = SequenceFilters.Slice,
        ["sort"] = SequenceFilters.Sort,
        ["string"] = Plain("string", PythonText.Str),
        ["sum"] = SequenceFilters.Sum,
        ["title"] = Plain("title", v => TextFilters.Title(PythonText.Str(v))),
        ["tojson"] = (_, v, a) => JsonText.Write(v, a),
        ["trim"] = (_, v, a) => PythonStrings.Strip(PythonText.Str(v), a.Bind("trim", 0, "chars").OptionalText(0)),
        ["truncate"] = (_, v, a) => TextFilters.Truncate(v, a),
        ["unique"] = SequenceFilters.Unique,
        ["upper"] = Plain("upper", v => PythonStrings.Upper(PythonText.Str(v))),
        ["wordcount"] = Plain("wordcount", v => TextFilters.CountWords(PythonText.Str(v))),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static bool IsKnown(string name) => All.ContainsKey(name);

    public static bool IsUnsupported(string name) => Unsupported.Contains(name);

    public static object? Apply(Run run, string name, object? value, Arguments arguments)
    {
        if (!All.TryGetValue(name, out Filter? filter))
            throw ChatTemplateException.Evaluation($"there is no filter named '{name}'");
        run.ChargeFor(value);
        object? result = filter(run, value, arguments);
        run.ChargeFor(result);
        return result;
    }

    private static Filter Plain(string name, Func<object?, object?> apply) => (_, value, arguments) =>
    {
        arguments.Bind(name, 0);
        return apply(value);
    };

    private static object? Default(object? value, Arguments arguments)
    {
        Arguments.Bound bound = arguments.Bind("default", 0, "default_value", "boolean");
        return value is Undefined || (bound.Flag(1) && !PythonOperators.Truth(value)) ? bound.Value(0, "") : value;
    }
}
