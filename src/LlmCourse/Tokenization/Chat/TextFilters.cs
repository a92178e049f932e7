using System.Globalization;
using System.Numerics;
using System.Text;

namespace LlmCourse.Tokenization.Chat;

/// <summary>The filters on text.</summary>
internal static class TextFilters
{
    /// <summary>The attribute only, never an element.</summary>
    public static object? Attribute(object? value, string name) =>
        value is PyDict dict && dict.Contains(name) && ContainerMethods.Find(dict, name) is null
            ? Undefined.Member(value, name) : Members.Attribute(value, name);

    public static string Escape(object? value) => PythonText.Str(value)
        .Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal)
        .Replace("'", "&#39;", StringComparison.Ordinal)
        .Replace("\"", "&#34;", StringComparison.Ordinal);

    public static string Format(string format, Arguments arguments)
    {
        if (arguments.Named.Count == 0)
            return PercentFormat.Format(format, new PyTuple(arguments.Positional));
        if (arguments.Positional.Count > 0)
            throw ChatTemplateException.Evaluation("the filter 'format' takes positional or named values, not both");
        var dict = new PyDict();
        foreach ((string key, object? value) in arguments.Named)
            dict[key] = value;
        return PercentFormat.Format(format, dict);
    }

    public static object? Replace(Run run, object? value, Arguments arguments)
    {
        Arguments.Bound bound = arguments.Bind("replace", 2, "old", "new", "count");
        string text = PythonText.Str(value);
        string old = PythonText.Str(bound.Value(0));
        run.Charge(PythonStrings.SearchCost(text, old));
        return PythonStrings.Replace(text, old, PythonText.Str(bound.Value(1)), bound.Value(2) is null ? -1 : bound.Integer(2));
    }

    /// <summary>Indents all lines but the first and, unless asked to, the blank ones.</summary>
    public static string Indent(object? value, Arguments arguments)
    {
        string text = value as string ?? throw (value as Undefined)?.Failure()
            ?? ChatTemplateException.Evaluation($"only a text can be indented, not '{PythonText.TypeName(value)}'");
        Arguments.Bound bound = arguments.Bind("indent", 0, "width", "first", "blank");
        string indent = bound.Value(0) as string ?? new string(' ', Math.Clamp(bound.Integer(0, 4), 0, 1000));
        var to = new StringBuilder();
        bool isFirst = true;
        foreach (string line in PythonStrings.SplitLines(text + "\n", keepEnds: false).Cast<string>())
        {
            to.Append(isFirst ? "" : "\n");
            to.Append((isFirst ? bound.Flag(1) : line.Length > 0 || bound.Flag(2)) ? indent : "").Append(line);
            Run.CheckLength(to.Length);
            isFirst = false;
        }

        return to.ToString();
    }

    /// <summary>Upper case at the beginnings of words, which blanks, hyphens and opening brackets part.</summary>
    public static string Title(string text)
    {
        var to = new StringBuilder(text.Length);
        bool inWord = false;
        foreach (string point in CodePointText.Split(text))
        {
            to.Append(inWord ? PythonStrings.Lower(point) : PythonStrings.Upper(point));
            inWord = !(point is "-" or "(" or "{" or "[" or "<" || PythonStrings.IsSpace(point[0]));
        }

        return to.ToString();
    }

    public static object? Truncate(object? value, Arguments arguments)
    {
        Arguments.Bound bound = arguments.Bind("truncate", 0, "length", "killwords", "end", "leeway");
        int length = bound.Integer(0, 255);
        string end = bound.Text(2, "...");
        int kept = length - CodePointText.Count(end);
        if (kept < 0)
            throw ChatTemplateException.Evaluation($"the filter 'truncate' needs a length of at least {CodePointText.Count(end)}");
        if (PythonOperators.Length(value) <= length + (bound.Value(3) is null ? 5 : bound.Integer(3)))
            return value;
        string text = value as string ?? throw ChatTemplateException.Evaluation($"only a text can be truncated, not '{PythonText.TypeName(value)}'");
        string start = text[..CodePointText.Offset(text, kept)];
        int blank = bound.Flag(1) ? -1 : start.LastIndexOf(' ');
        return (blank < 0 ? start : start[..blank]) + end;
    }

    public static object CountWords(string text)
    {
        int count = 0;
        bool inWord = false;
        foreach (string point in CodePointText.Split(text))
        {
            bool isWord = point == "_" || char.IsLetterOrDigit(point, 0) || CharUnicodeInfo.GetNumericValue(point, 0) != -1;
            count += isWord && !inWord ? 1 : 0;
            inWord = isWord;
        }

        return (BigInteger)count;
    }
}
