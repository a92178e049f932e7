using System.Globalization;
using System.Numerics;
using System.Text;

namespace LlmCourse.Tokenization.Chat;

/// <summary>Writes values as Python's <c>json.dumps</c> does.</summary>
internal sealed class JsonText
{
    private readonly StringBuilder _to = new();
    private readonly string? _indent;
    private readonly string _itemSeparator;
    private readonly string _keySeparator;
    private readonly bool _ascii;
    private readonly bool _sort;

    private JsonText(Arguments.Bound options)
    {
        _ascii = options.Flag(0);
        _indent = Indentation(options.Value(1));
        _sort = options.Flag(3);
        (_itemSeparator, _keySeparator) = (_indent is null ? ", " : ",", ": ");
        if (options.Value(2) is not { } separators)
            return;
        if (PythonOperators.Iterate(separators).ToList() is not [string item, string key])
            throw ChatTemplateException.Evaluation("tojson() needs a pair of strings as 'separators'");
        (_itemSeparator, _keySeparator) = (item, key);
    }

    public static string Write(object? value, Arguments arguments)
    {
        var writer = new JsonText(arguments.Bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys"));
        writer.WriteValue(value, 0);
        return writer._to.ToString();
    }

    private static string? Indentation(object? value)
    {
        if (value is null or string)
            return (string?)value;
        BigInteger width = PythonOperators.AsInteger(value) ?? throw ChatTemplateException.Evaluation("tojson() needs a number or a string as 'indent'");
        return new string(' ', (int)BigInteger.Clamp(width, 0, 1000));
    }

    private void WriteValue(object? value, int depth)
    {
        Run.CheckStack();
        switch (value)
        {
            case string text: WriteString(text); break;
            case PyList list: WriteItems('[', list.Items, ']', depth, item => WriteValue(item, depth + 1)); break;
            case PyTuple tuple: WriteItems('[', tuple.Items, ']', depth, item => WriteValue(item, depth + 1)); break;
            case PyDict dict: WriteItems('{', Entries(dict), '}', depth, entry => WriteEntry(entry, depth + 1)); break;
            case null or bool or BigInteger or double: _to.Append(Scalar(value)); break;
            default: throw ChatTemplateException.Evaluation($"Object of type {PythonText.TypeName(value)} is not JSON serializable");
        }

        Run.CheckLength(_to.Length);
    }

    private IReadOnlyList<KeyValuePair<object?, object?>> Entries(PyDict dict) => _sort
        ? Sorting.Sort(dict.Entries, e => e.Key) : dict.Entries;

    private void WriteItems<T>(char open, IReadOnlyList<T> items, char close, int depth, Action<T> write)
    {
        _to.Append(open);
        for (int i = 0; i < items.Count; i++)
        {
            _to.Append(i > 0 ? _itemSeparator : "");
            NewLine(depth + 1);
            write(items[i]);
        }

        if (items.Count > 0)
            NewLine(depth);
        _to.Append(close);
    }

    private void NewLine(int depth)
    {
        if (_indent is null)
            return;
        Run.CheckLength(_to.Length + (long)depth * _indent.Length);
        _to.Append('\n');
        for (int i = 0; i < depth; i++)
            _to.Append(_indent);
    }

    private void WriteEntry(KeyValuePair<object?, object?> entry, int depth)
    {
        if (entry.Key is not (null or bool or BigInteger or double or string))
            throw ChatTemplateException.Evaluation($"keys must be str, int, float, bool or None, not {PythonText.TypeName(entry.Key)}");
        WriteString(entry.Key as string ?? Scalar(entry.Key));
        _to.Append(_keySeparator);
        WriteValue(entry.Value, depth);
    }

    private static string Scalar(object? value) => value switch
    {
        null => "null",
        bool b => b ? "true" : "false",
        double d when !double.IsFinite(d) => double.IsNaN(d) ? "NaN" : d > 0 ? "Infinity" : "-Infinity",
        _ => PythonText.Str(value),
    };

    private void WriteString(string text)
    {
        _to.Append('"');
        foreach (char c in text)
        {
            string? escape = c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\f' => "\\f",
                '\b' => "\\b",
                _ => null,
            };
            if (escape is not null)
                _to.Append(escape);
            else if (c < ' ' || (_ascii && c > '~'))
                _to.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                _to.Append(c);
        }

        _to.Append('"');
    }
}
