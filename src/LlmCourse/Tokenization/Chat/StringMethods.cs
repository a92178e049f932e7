using System.Globalization;
using System.Numerics;
using System.Text;

namespace LlmCourse.Tokenization.Chat;

/// <summary>Finds the methods of strings.</summary>
internal static class StringMethods
{
    public static Callable? Find(string text, string name)
    {
        Func<Run, Arguments, object?>? method = name switch
        {
            "upper" => (_, a) => { a.Bind(name, 0); return PythonStrings.Upper(text); }
            ,
            "lower" => (_, a) => { a.Bind(name, 0); return PythonStrings.Lower(text); }
            ,
            "title" => (_, a) => { a.Bind(name, 0); return PythonStrings.Title(text); }
            ,
            "capitalize" => (_, a) => { a.Bind(name, 0); return PythonStrings.Capitalize(text); }
            ,
            "swapcase" => (_, a) => { a.Bind(name, 0); return PythonStrings.SwapCase(text); }
            ,
            "strip" => (_, a) => PythonStrings.Strip(text, a.Bind(name, 0, "chars").OptionalText(0)),
            "lstrip" => (_, a) => PythonStrings.Strip(text, a.Bind(name, 0, "chars").OptionalText(0), right: false),
            "rstrip" => (_, a) => PythonStrings.Strip(text, a.Bind(name, 0, "chars").OptionalText(0), left: false),
            "split" or "rsplit" => (run, a) => Split(run, text, name, a),
            "splitlines" => (_, a) => new PyList(PythonStrings.SplitLines(text, a.Bind(name, 0, "keepends").Flag(0))),
            "startswith" or "endswith" => (_, a) => StartsOrEnds(text, name, a),
            "removeprefix" => (_, a) => a.Bind(name, 1, "prefix").Text(0) is var p && text.StartsWith(p, StringComparison.Ordinal) ? text[p.Length..] : text,
            "removesuffix" => (_, a) => a.Bind(name, 1, "suffix").Text(0) is var s && text.EndsWith(s, StringComparison.Ordinal) ? text[..^s.Length] : text,
            "replace" => (run, a) => Replace(run, text, a),
            "find" or "rfind" or "index" or "rindex" => (run, a) => Search(run, text, name, a),
            "count" => (run, a) => Count(run, text, a),
            "partition" or "rpartition" => (run, a) => Partition(run, text, name, a),
            "join" => (_, a) => Join(text, a.Bind(name, 1, "iterable").Value(0)),
            "format" => (_, a) => BraceFormat.Format(text, a),
            "ljust" or "rjust" or "center" => (_, a) => Pad(text, name, a),
            "zfill" => (_, a) => ZeroFill(text, a.Bind(name, 1, "width").Integer(0)),
            "isspace" => (_, a) => text.Length > 0 && text.All(PythonStrings.IsSpace),
            "isupper" => (_, a) => PythonStrings.HasCase(text, UnicodeCategory.UppercaseLetter),
            "islower" => (_, a) => PythonStrings.HasCase(text, UnicodeCategory.LowercaseLetter),
            "isascii" => (_, a) => Ascii.IsValid(text),
            "isdigit" or "isdecimal" or "isnumeric" => (_, a) => text.Length > 0 && CodePointText.Split(text).All(p => IsDigit(p, name)),
            "isalpha" => (_, a) => text.Length > 0 && CodePointText.Split(text).All(p => char.IsLetter(p, 0)),
            "isalnum" => (_, a) => text.Length > 0 && CodePointText.Split(text).All(p => char.IsLetter(p, 0) || IsDigit(p, "isnumeric")),
            "casefold" or "encode" or "expandtabs" or "format_map" or "isidentifier" or "isprintable" or "istitle" or "maketrans" or "translate" =>
                (_, _) => throw new ChatTemplateException(ChatTemplateError.Unsupported, $"the method '{name}' of strings is not supported"),
            _ => null,
        };
        return method is null ? null : new Callable(name, method);
    }

    private static bool IsDigit(string point, string method) => method switch
    {
        "isdecimal" => CharUnicodeInfo.GetDecimalDigitValue(point, 0) >= 0,
        "isdigit" => CharUnicodeInfo.GetDigitValue(point, 0) >= 0,
        _ => CharUnicodeInfo.GetNumericValue(point, 0) != -1,
    };

    private static PyList Split(Run run, string text, string name, Arguments arguments)
    {
        Arguments.Bound bound = arguments.Bind(name, 0, "sep", "maxsplit");
        string? separator = bound.OptionalText(0);
        run.Charge(PythonStrings.SearchCost(text, separator ?? ""));
        return new PyList(PythonStrings.Split(text, separator, bound.Integer(1, -1), name == "rsplit"));
    }

    private static bool StartsOrEnds(string text, string name, Arguments arguments)
    {
        Arguments.Bound bound = arguments.Bind(name, 1, "affix", "start", "end");
        (int start, int end) = Window(text, bound, 1);
        if (start > end)
            return false;
        string part = text[start..end];
        IEnumerable<object?> affixes = bound.Value(0) is PyTuple several ? several.Items : [bound.Text(0)];
        return affixes.Select(Affix).Any(affix => name == "startswith"
            ? part.StartsWith(affix, StringComparison.Ordinal) : part.EndsWith(affix, StringComparison.Ordinal));

        string Affix(object? affix) => affix as string
            ?? throw ChatTemplateException.Evaluation($"tuple for {name} must only contain str, not {PythonText.TypeName(affix)}");
    }

    private static string Replace(Run run, string text, Arguments arguments)
    {
        Arguments.Bound bound = arguments.Bind("replace", 2, "old", "new", "count");
        run.Charge(PythonStrings.SearchCost(text, bound.Text(0)));
        return PythonStrings.Replace(text, bound.Text(0), bound.Text(1), bound.Integer(2, -1));
    }

    /// <summary>The optional start and end of a search as offsets, which count code points and may be negative.</summary>
    private static (int Start, int End) Window(string text, Arguments.Bound bound, int first)
    {
        if (!bound.Has(first) && !bound.Has(first + 1))
            return (0, text.Length);
        int length = CodePointText.Count(text);
        int start = bound.Value(first) is null ? 0 : bound.Integer(first);
        int end = bound.Value(first + 1) is null ? length : bound.Integer(first + 1);
        start = start < 0 ? Math.Max(0, start + length) : start;
        end = end < 0 ? Math.Max(0, end + length) : Math.Min(end, length);
        return start > length ? (text.Length + 1, text.Length) : (CodePointText.Offset(text, start), CodePointText.Offset(text, end));
    }

    private static BigInteger Search(Run run, string text, string name, Arguments arguments)
    {
        Arguments.Bound bound = arguments.Bind(name, 1, "sub", "start", "end");
        string part = bound.Text(0);
        run.Charge(PythonStrings.SearchCost(text, part));
        (int start, int end) = Window(text, bound, 1);
        int at = start > end ? -1
            : name[0] == 'r' ? text.AsSpan(start, end - start).LastIndexOf(part, StringComparison.Ordinal)
            : text.AsSpan(start, end - start).IndexOf(part, StringComparison.Ordinal);
        if (at < 0 && name.EndsWith("index", StringComparison.Ordinal))
            throw ChatTemplateException.Evaluation("substring not found");
        return (BigInteger)(at < 0 ? -1 : CodePointText.Count(text.AsSpan(0, start + at)));
    }

    private static BigInteger Count(Run run, string text, Arguments arguments)
    {
        Arguments.Bound bound = arguments.Bind("count", 1, "sub", "start", "end");
        string part = bound.Text(0);
        run.Charge(PythonStrings.SearchCost(text, part));
        (int start, int end) = Window(text, bound, 1);
        if (start > end)
            return BigInteger.Zero;
        ReadOnlySpan<char> window = text.AsSpan(start, end - start);
        return (BigInteger)(part.Length == 0 ? CodePointText.Count(window) + 1 : window.Count(part));
    }

    private static PyTuple Partition(Run run, string text, string name, Arguments arguments)
    {
        string separator = arguments.Bind(name, 1, "sep").Text(0);
        if (separator.Length == 0)
            throw ChatTemplateException.Evaluation("empty separator");
        run.Charge(PythonStrings.SearchCost(text, separator));
        bool right = name == "rpartition";
        int at = right ? text.LastIndexOf(separator, StringComparison.Ordinal) : text.IndexOf(separator, StringComparison.Ordinal);
        if (at < 0)
            return right ? new PyTuple(["", "", text]) : new PyTuple([text, "", ""]);
        return new PyTuple([text[..at], separator, text[(at + separator.Length)..]]);
    }

    private static string Join(string separator, object? items)
    {
        var to = new StringBuilder();
        int count = 0;
        foreach (object? item in PythonOperators.Iterate(items))
        {
            string part = item as string ?? throw ChatTemplateException.Evaluation(
                $"sequence item {count}: expected str instance, {PythonText.TypeName(item)} found");
            to.Append(count++ == 0 ? "" : separator).Append(part);
            Run.CheckLength(to.Length);
        }

        return to.ToString();
    }

    private static string Pad(string text, string name, Arguments arguments)
    {
        Arguments.Bound bound = arguments.Bind(name, 1, "width", "fillchar");
        return PythonStrings.Pad(text, bound.Integer(0), bound.Text(1, " "), name switch { "ljust" => -1, "rjust" => 1, _ => 0 });
    }

    private static string ZeroFill(string text, int width)
    {
        int sign = text.Length > 0 && text[0] is '+' or '-' ? 1 : 0;
        return text[..sign] + PythonStrings.Pad(text[sign..], width - sign, "0", 1);
    }
}
