using System.Globalization;
using System.Numerics;
using System.Text;

namespace LlmCourse.Tokenization.Chat;

/// <summary>How Python prints values.</summary>
internal static class PythonText
{
    public static string Str(object? value)
    {
        if (value is string text)
            return text;
        var to = new StringBuilder();
        Write(to, value, quoted: false);
        return to.ToString();
    }

    public static string Repr(object? value)
    {
        var to = new StringBuilder();
        Write(to, value, quoted: true);
        return to.ToString();
    }

    public static string TypeName(object? value) => value switch
    {
        null => "NoneType",
        bool => "bool",
        BigInteger => "int",
        double => "float",
        string => "str",
        PyList => "list",
        PyTuple => "tuple",
        PyDict => "dict",
        PyRange => "range",
        DictView view => $"dict_{view.Kind.ToString().ToLowerInvariant()}",
        PyIterator => "generator",
        Undefined => "Undefined",
        PySlice => "slice",
        ITemplateObject o => o.TypeName,
        _ => "function",
    };

    /// <summary>The owner of an attribute as error messages name it.</summary>
    public static string Describe(object? value) => value is null ? "None" : TypeName(value) + " object";

    private static void Write(StringBuilder to, object? value, bool quoted)
    {
        Run.CheckStack();
        switch (value)
        {
            case null: to.Append("None"); break;
            case bool b: to.Append(b ? "True" : "False"); break;
            case BigInteger i: to.Append(Integer(i)); break;
            case double d: to.Append(Float(d)); break;
            case string s when quoted: Quote(to, s); break;
            case string s: to.Append(s); break;
            case Undefined: to.Append(quoted ? "Undefined" : ""); break;
            case PyList list: WriteAll(to, "[", list.Items, "]"); break;
            case PyTuple tuple: WriteAll(to, "(", tuple.Items, tuple.Items.Count == 1 ? ",)" : ")"); break;
            case PyDict dict: WriteDict(to, dict); break;
            case PyRange range: WriteRange(to, range); break;
            case DictView view: WriteAll(to, TypeName(view) + "([", view.Values(), "])"); break;
            case Callable { Text: { } text }: to.Append(text); break;
            case Callable callable: to.Append(CultureInfo.InvariantCulture, $"<function {callable.Name}>"); break;
            case Namespace ns: to.Append("<Namespace "); Write(to, ns.Attributes, quoted: true); to.Append('>'); break;
            default: to.Append(CultureInfo.InvariantCulture, $"<{TypeName(value)} object>"); break;
        }

        Run.CheckLength(to.Length);
    }

    private static void WriteAll(StringBuilder to, string open, IEnumerable<object?> items, string close)
    {
        string separator = open;
        foreach (object? item in items)
        {
            to.Append(separator);
            Write(to, item, quoted: true);
            separator = ", ";
        }

        to.Append(ReferenceEquals(separator, open) ? open : "").Append(close);
    }

    private static void WriteDict(StringBuilder to, PyDict dict)
    {
        string separator = "{";
        foreach ((object? key, object? value) in dict.Entries)
        {
            to.Append(separator);
            Write(to, key, quoted: true);
            to.Append(": ");
            Write(to, value, quoted: true);
            separator = ", ";
        }

        to.Append(dict.Entries.Count == 0 ? "{}" : "}");
    }

    private static void WriteRange(StringBuilder to, PyRange range)
    {
        to.Append(CultureInfo.InvariantCulture, $"range({range.Start}, {range.Stop}");
        if (!range.Step.IsOne)
            to.Append(CultureInfo.InvariantCulture, $", {range.Step}");
        to.Append(')');
    }

    public static string Integer(BigInteger value)
    {
        // Python refuses to print more digits too; converting is quadratic.
        if (value.GetByteCount() > 1800)
            throw ChatTemplateException.Limit("an integer of more than 4300 digits cannot be printed");
        return value.ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>The shortest digits that read back as the same number, with an exponent below 1e-4 and from 1e16 on.</summary>
    public static string Float(double value)
    {
        if (double.IsNaN(value))
            return "nan";
        if (double.IsInfinity(value))
            return value > 0 ? "inf" : "-inf";
        string text = value.ToString("R", CultureInfo.InvariantCulture);
        int mark = text.IndexOf('E');
        string sign = text[0] == '-' ? "-" : "";
        string mantissa = text[sign.Length..(mark < 0 ? text.Length : mark)];
        int point = mantissa.IndexOf('.');
        string digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        string significant = digits.TrimStart('0').TrimEnd('0');
        if (significant.Length == 0)
            return sign + "0.0";

        // The power of ten of the first significant digit.
        int exponent = (mark < 0 ? 0 : int.Parse(text.AsSpan(mark + 1), CultureInfo.InvariantCulture))
            + (point < 0 ? mantissa.Length : point) - 1 - (digits.Length - digits.TrimStart('0').Length);
        if (exponent is < -4 or >= 16)
        {
            string fraction = significant.Length > 1 ? "." + significant[1..] : "";
            return $"{sign}{significant[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture)}";
        }

        if (exponent < 0)
            return sign + "0." + new string('0', -exponent - 1) + significant;
        string whole = significant.PadRight(exponent + 1, '0');
        return sign + whole[..(exponent + 1)] + "." + (whole.Length > exponent + 1 ? whole[(exponent + 1)..] : "0");
    }

    private static void Quote(StringBuilder to, string text)
    {
        char quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        to.Append(quote);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            bool pair = char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]);
            if (c == quote || c == '\\')
                to.Append('\\').Append(c);
            else if (c is '\n' or '\r' or '\t')
                to.Append(c switch { '\n' => "\\n", '\r' => "\\r", _ => "\\t" });
            else if (IsPrintable(pair ? CharUnicodeInfo.GetUnicodeCategory(text, i) : char.GetUnicodeCategory(c)) || c == ' ')
                to.Append(text, i, pair ? 2 : 1);
            else if (pair)
                to.Append(CultureInfo.InvariantCulture, $"\\U{char.ConvertToUtf32(c, text[i + 1]):x8}");
            else
                to.Append(CultureInfo.InvariantCulture, $"{(c < 256 ? $"\\x{(int)c:x2}" : $"\\u{(int)c:x4}")}");
            i += pair ? 1 : 0;
        }

        to.Append(quote);
    }

    internal static bool IsPrintable(UnicodeCategory category) => category is not (UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);
}
