using System.Numerics;
using System.Text;

namespace LlmCourse.Tokenization.Chat;

/// <summary>The <c>%</c> operator on a string.</summary>
internal sealed class PercentFormat
{
    private readonly string _format;
    private readonly object? _values;
    private int _at;
    private int _used;

    private PercentFormat(string format, object? values)
    {
        _format = format;
        _values = values;
    }

    public static string Format(string format, object? values) => new PercentFormat(format, values).Format();

    private string Format()
    {
        var to = new StringBuilder();
        bool named = false;
        while (_at < _format.Length)
        {
            char c = _format[_at++];
            if (c != '%')
                to.Append(c);
            else if (Peek() == '%' && ++_at > 0)
                to.Append('%');
            else
                to.Append(Directive(ref named));
            Run.CheckLength(to.Length);
        }

        // Whatever has elements by key or by index counts as a mapping, whose values need not all be used.
        if (!named && _values is not (PyDict or PyList or PyRange or Undefined) && _used < (_values is PyTuple tuple ? tuple.Items.Count : 1))
            throw ChatTemplateException.Evaluation("not all arguments converted during string formatting");
        return to.ToString();
    }

    private string Directive(ref bool named)
    {
        string? key = null;
        if (Peek() == '(')
        {
            int close = _format.IndexOf(')', _at);
            key = close < 0 ? throw Malformed() : _format[(_at + 1)..close];
            _at = close + 1;
            named = true;
        }

        string flags = string.Concat(_format.Skip(_at).TakeWhile("-+ #0".Contains));
        _at += flags.Length;
        int width = Number() ?? 0;
        int? precision = null;
        if (Peek() == '.')
        {
            _at++;
            precision = Number() ?? 0;
        }

        char type = Peek();
        _at++;
        object? value = key is null ? NextValue() : Named(key);
        bool left = flags.Contains('-', StringComparison.Ordinal);
        bool isNumber = type is not ('s' or 'r' or 'c');
        var spec = new FormatSpec
        {
            Align = left ? '<' : flags.Contains('0', StringComparison.Ordinal) && isNumber ? '=' : '>',
            Fill = !left && isNumber && flags.Contains('0', StringComparison.Ordinal) ? "0" : " ",
            Plus = !isNumber ? "" : flags.Contains('+', StringComparison.Ordinal) ? "+" : flags.Contains(' ', StringComparison.Ordinal) ? " " : "",
            Alternate = flags.Contains('#', StringComparison.Ordinal),
            Width = width,
            Precision = precision,
            Type = type,
        };
        return Convert(spec, type, value);
    }

    private static string Convert(FormatSpec spec, char type, object? value) => type switch
    {
        's' => spec.Text(PythonText.Str(value)),
        'r' => spec.Text(PythonText.Repr(value)),
        'd' or 'i' or 'u' => (spec with { Type = 'd' }).Integer(value is double d && double.IsFinite(d) ? new BigInteger(d) : Integer(value, type)),
        'x' or 'X' or 'o' => spec.Integer(Integer(value, type)),
        'e' or 'E' or 'f' or 'F' or 'g' or 'G' => PythonOperators.IsNumber(value) ? spec.Float(PythonOperators.AsDouble(value))
            : throw ChatTemplateException.Evaluation($"must be real number, not {PythonText.TypeName(value)}"),
        'c' when value is string text => spec.Text(text),
        _ => throw ChatTemplateException.Evaluation($"unsupported format character '{type}'"),
    };

    private static BigInteger Integer(object? value, char type) => PythonOperators.AsInteger(value)
        ?? throw ChatTemplateException.Evaluation($"%{type} format: a number is required, not {PythonText.TypeName(value)}");

    private object? NextValue()
    {
        if (_values is PyTuple tuple)
            return _used < tuple.Items.Count ? tuple.Items[_used++] : throw NotEnough();
        return _used++ == 0 ? _values : throw NotEnough();
    }

    private object? Named(string key) => (_values as PyDict ?? throw ChatTemplateException.Evaluation("format requires a mapping")).TryGet(key, out object? value)
        ? value : throw ChatTemplateException.Evaluation($"there is no value named '{key}' to format");

    private int? Number()
    {
        if (Peek() == '*')
        {
            _at++;
            return (int)BigInteger.Clamp(Integer(NextValue(), '*'), 0, Run.MaxLength + 1);
        }

        int start = _at;
        long value = 0;
        for (; char.IsAsciiDigit(Peek()); _at++)
            value = Math.Min(value * 10 + (Peek() - '0'), Run.MaxLength + 1);
        return _at > start ? (int)value : null;
    }

    private char Peek() => _at < _format.Length ? _format[_at] : '\0';

    private static ChatTemplateException Malformed() => ChatTemplateException.Evaluation("incomplete format key");

    private static ChatTemplateException NotEnough() => ChatTemplateException.Evaluation("not enough arguments for format string");
}
