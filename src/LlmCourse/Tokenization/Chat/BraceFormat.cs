using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.RegularExpressions;

namespace LlmCourse.Tokenization.Chat;

/// <summary>The method <c>format</c> of strings.</summary>
internal static partial class BraceFormat
{
    [GeneratedRegex(@"\G(?:(?<fill>.)?(?<align>[<>=^]))?(?<sign>[+\- ])?(?<alternate>#)?(?<zero>0)?(?<width>\d{1,9})?(?<group>[,_])?(?:\.(?<precision>\d{1,9}))?(?<type>[bdeEfFgGnosxX%])?\z", RegexOptions.Singleline)]
    private static partial Regex Spec();

    public static string Format(string format, Arguments arguments)
    {
        var to = new StringBuilder();
        int next = 0;
        for (int i = 0; i < format.Length; i++)
        {
            char c = format[i];
            if (c is '{' or '}' && i + 1 < format.Length && format[i + 1] == c)
            {
                to.Append(c);
                i++;
            }
            else if (c == '{')
            {
                int close = format.IndexOf('}', i);
                if (close < 0 || format.AsSpan(i + 1, close - i - 1).Contains('{'))
                    throw ChatTemplateException.Evaluation("a replacement field of a format string is not closed, or is nested, which is not supported");
                to.Append(Field(format[(i + 1)..close], arguments, ref next));
                i = close;
            }
            else if (c == '}')
            {
                throw ChatTemplateException.Evaluation("single '}' encountered in format string");
            }
            else
            {
                to.Append(c);
            }

            Run.CheckLength(to.Length);
        }

        return to.ToString();
    }

    private static string Field(string field, Arguments arguments, ref int next)
    {
        int colon = field.IndexOf(':', StringComparison.Ordinal);
        string name = colon < 0 ? field : field[..colon];
        int bang = name.IndexOf('!', StringComparison.Ordinal);
        string conversion = bang < 0 ? "" : name[(bang + 1)..];
        object? value = Lookup(bang < 0 ? name : name[..bang], arguments, ref next);
        value = conversion switch
        {
            "" => value,
            "s" => PythonText.Str(value),
            "r" => PythonText.Repr(value),
            _ => throw ChatTemplateException.Evaluation($"unknown conversion '{conversion}' in a format string"),
        };
        return Apply(value, colon < 0 ? "" : field[(colon + 1)..]);
    }

    private static object? Lookup(string name, Arguments arguments, ref int next)
    {
        if (name.AsSpan().IndexOfAny('.', '[') >= 0)
            throw ChatTemplateException.Evaluation("attributes and elements inside a format string are not supported");
        if (name.Length == 0)
            name = next++.ToString(CultureInfo.InvariantCulture);
        if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int index))
            return index < arguments.Positional.Count ? arguments.Positional[index]
                : throw ChatTemplateException.Evaluation($"replacement index {index} out of range for positional args tuple");
        foreach ((string key, object? value) in arguments.Named)
        {
            if (key == name)
                return value;
        }

        throw ChatTemplateException.Evaluation($"there is no value named '{name}' to format");
    }

    private static string Apply(object? value, string specification)
    {
        if (specification.Length == 0)
            return PythonText.Str(value);
        Match match = Spec().Match(specification);
        if (!match.Success)
            throw ChatTemplateException.Evaluation($"invalid format specifier '{specification}'");
        char type = match.Groups["type"].Value.FirstOrDefault();
        bool zero = match.Groups["zero"].Success && !match.Groups["align"].Success && value is not string;
        var spec = new FormatSpec
        {
            Fill = match.Groups["fill"].Success ? match.Groups["fill"].Value : zero ? "0" : " ",
            Align = zero ? '=' : match.Groups["align"].Value.FirstOrDefault(),
            Plus = match.Groups["sign"].Value is "+" or " " ? match.Groups["sign"].Value : "",
            Alternate = match.Groups["alternate"].Success,
            Width = Number(match.Groups["width"]) ?? 0,
            Grouping = match.Groups["group"].Value,
            Precision = Number(match.Groups["precision"]),
            Type = type,
        };
        return value switch
        {
            string text when type is '\0' or 's' => spec.Text(text),
            BigInteger integer when type != 's' => spec.Integer(integer),
            bool flag when type is not ('\0' or 's') => spec.Integer(flag ? 1 : 0),
            double number when type is '\0' or 'e' or 'E' or 'f' or 'F' or 'g' or 'G' or '%' => spec.Float(number),
            bool => spec.Integer(PythonOperators.AsInteger(value)!.Value),
            _ => throw ChatTemplateException.Evaluation($"format '{specification}' does not fit a value of type {PythonText.TypeName(value)}"),
        };
    }

    private static int? Number(Group group) =>
        group.Success ? int.Parse(group.Value, CultureInfo.InvariantCulture) : null;
}
