using System.Globalization;
using System.Text;

namespace LlmCourse.Tokenization.Chat;

/// <summary>What Python's string methods do.</summary>
internal static class PythonStrings
{
    /// <summary>White space as <c>str.isspace</c> has it: Unicode's, and the four ASCII separators.</summary>
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    /// <summary>What a search may cost at worst; searching for short texts is linear.</summary>
    public static long SearchCost(string text, string part) => text.Length + (long)text.Length * part.Length / 256;

    public static string Strip(string text, string? characters, bool left = true, bool right = true)
    {
        if (characters is not null && !(CodePointText.AreChars(text) && CodePointText.AreChars(characters)))
            return StripPoints(text, characters, left, right);
        int start = 0;
        int end = text.Length;
        while (left && start < end && Drops(text[start]))
            start++;
        while (right && end > start && Drops(text[end - 1]))
            end--;
        return text[start..end];

        bool Drops(char c) => characters is null ? IsSpace(c) : characters.Contains(c, StringComparison.Ordinal);
    }

    private static string StripPoints(string text, string characters, bool left, bool right)
    {
        HashSet<string> dropped = [.. CodePointText.Split(characters)];
        List<string> points = [.. CodePointText.Split(text)];
        int start = 0;
        int end = points.Count;
        while (left && start < end && dropped.Contains(points[start]))
            start++;
        while (right && end > start && dropped.Contains(points[end - 1]))
            end--;
        return string.Concat(points[start..end]);
    }

    public static List<object?> Split(string text, string? separator, int limit, bool fromRight)
    {
        if (separator is { Length: 0 })
            throw ChatTemplateException.Evaluation("empty separator");
        List<string> parts = separator is null ? SplitAtSpace(text, limit, fromRight) : SplitAt(text, separator, limit, fromRight);
        if (fromRight)
            parts.Reverse();
        return [.. parts];
    }

    private static List<string> SplitAt(string text, string separator, int limit, bool fromRight)
    {
        List<string> parts = [];
        int start = 0;
        int end = text.Length;
        while (limit < 0 || parts.Count < limit)
        {
            int at = fromRight
                ? (end == 0 ? -1 : text.AsSpan(0, end).LastIndexOf(separator, StringComparison.Ordinal))
                : text.IndexOf(separator, start, StringComparison.Ordinal);
            if (at < 0)
                break;
            parts.Add(fromRight ? text[(at + separator.Length)..end] : text[start..at]);
            (start, end) = fromRight ? (start, at) : (at + separator.Length, end);
        }

        parts.Add(text[start..end]);
        return parts;
    }

    private static List<string> SplitAtSpace(string text, int limit, bool fromRight)
    {
        List<string> parts = [];
        string rest = Strip(text, null, left: !fromRight, right: fromRight);
        while (rest.Length > 0)
        {
            int at = limit >= 0 && parts.Count >= limit ? -1 : fromRight ? LastSpace(rest) : FirstSpace(rest);
            if (at < 0)
            {
                parts.Add(rest);
                break;
            }

            parts.Add(fromRight ? rest[(at + 1)..] : rest[..at]);
            rest = fromRight ? Strip(rest[..at], null, left: false) : Strip(rest[at..], null, right: false);
        }

        return parts;
    }

    private static int FirstSpace(string text)
    {
        int at = 0;
        while (at < text.Length && !IsSpace(text[at]))
            at++;
        return at < text.Length ? at : -1;
    }

    private static int LastSpace(string text)
    {
        int at = text.Length - 1;
        while (at >= 0 && !IsSpace(text[at]))
            at--;
        return at;
    }

    public static List<object?> SplitLines(string text, bool keepEnds)
    {
        List<object?> lines = [];
        for (int start = 0; start < text.Length;)
        {
            int end = start;
            while (end < text.Length && text[end] is not ('\n' or '\r' or '\v' or '\f' or '\x1c' or '\x1d' or '\x1e' or '\x85' or '\u2028' or '\u2029'))
                end++;
            int next = end + (end + 1 < text.Length && text[end] == '\r' && text[end + 1] == '\n' ? 2 : end < text.Length ? 1 : 0);
            lines.Add(text[start..(keepEnds ? next : end)]);
            start = next;
        }

        return lines;
    }

    /// <summary>Replaces up to <paramref name="limit"/> occurrences, all where it is negative; an empty text occurs between all characters.</summary>
    public static string Replace(string text, string old, string replacement, int limit)
    {
        if (limit == 0)
            return text;
        if (old.Length == 0)
            return Interleave(text, replacement, limit);
        var to = new StringBuilder();
        int start = 0;
        for (int at; limit != 0 && (at = text.IndexOf(old, start, StringComparison.Ordinal)) >= 0; limit--)
        {
            to.Append(text, start, at - start).Append(replacement);
            Run.CheckLength(to.Length);
            start = at + old.Length;
        }

        return to.Append(text, start, text.Length - start).ToString();
    }

    private static string Interleave(string text, string replacement, int limit)
    {
        var to = new StringBuilder();
        foreach (string point in CodePointText.Split(text))
        {
            to.Append(limit-- != 0 ? replacement : "").Append(point);
            limit = Math.Max(limit, -1);
            Run.CheckLength(to.Length);
            if (limit == 0)
                replacement = "";
        }

        return to.Append(limit != 0 ? replacement : "").ToString();
    }

    public static string Upper(string text) => Ascii.IsValid(text) ? text.ToUpperInvariant() : LetterCase.Upper(text);

    public static string Lower(string text) => Ascii.IsValid(text) ? text.ToLowerInvariant() : LetterCase.Lower(text);

    public static string Capitalize(string text)
    {
        string first = CodePointText.Split(text).FirstOrDefault("");
        return LetterCase.Title(first) + Lower(text)[Lower(first).Length..];
    }

    /// <summary>Upper case after everything that is not a letter, lower case after letters.</summary>
    public static string Title(string text)
    {
        var to = new StringBuilder(text.Length);
        bool inWord = false;
        foreach (string point in CodePointText.Split(text))
        {
            to.Append(inWord ? Lower(point) : LetterCase.Title(point));
            inWord = IsCased(point);
        }

        return to.ToString();
    }

    public static bool IsCased(string point) => CharUnicodeInfo.GetUnicodeCategory(point, 0)
        is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter;

    public static string SwapCase(string text) => string.Concat(CodePointText.Split(text).Select(p =>
        CharUnicodeInfo.GetUnicodeCategory(p, 0) == UnicodeCategory.UppercaseLetter ? Lower(p) : Upper(p)));

    /// <summary>Whether there is a cased letter and all of them have the given case.</summary>
    public static bool HasCase(string text, UnicodeCategory wanted) =>
        CodePointText.Split(text).Where(IsCased).Select(p => CharUnicodeInfo.GetUnicodeCategory(p, 0)).ToList() is { Count: > 0 } cases
        && cases.All(c => c == wanted);

    /// <summary>Fills to a width in code points; a negative <paramref name="side"/> puts the text left, a positive one right.</summary>
    public static string Pad(string text, int width, string fill, int side)
    {
        if (CodePointText.Count(fill) != 1)
            throw ChatTemplateException.Evaluation("the fill character must be exactly one character long");
        int missing = width - CodePointText.Count(text);
        if (missing <= 0)
            return text;
        Run.CheckLength(width);
        int left = side < 0 ? 0 : side > 0 ? missing : missing / 2 + (missing & width & 1);
        return Repeat(fill, left) + text + Repeat(fill, missing - left);
    }

    private static string Repeat(string fill, int count) => string.Concat(Enumerable.Repeat(fill, count));
}
