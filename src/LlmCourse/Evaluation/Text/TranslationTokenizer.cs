using System.Globalization;
using System.Text;

namespace LlmCourse.Evaluation.Text;

/// <summary>
/// The tokenizers of machine translation. They rewrite a text so that its tokens stand between blanks, by passes over the whole
/// text in the order of the original scripts: what one pass inserts, the next one sees.
/// </summary>
internal static class TranslationTokenizer
{
    private static readonly Class[] AsciiClasses = [.. Enumerable.Range(0, 128).Select(c => (char)c switch
    {
        '.' or ',' or '-' => Class.Stop,
        char blank when WhiteSpace.Is(blank) => Class.Blank,
        >= '{' and <= '~' or >= '[' and <= '`' or >= '!' and <= '&' or >= '(' and <= '+' or >= ':' and <= '@' or '/' => Class.Mark,
        _ => Class.Letter,
    })];

    /// <summary>What 13a tells apart; letters and stops make words.</summary>
    private enum Class : byte
    {
        Letter,
        Stop,
        Blank,
        Mark,
    }

    /// <summary>mteval-v13a: adds the ids of a text's words.</summary>
    public static void AddWestern13a(string text, WordIds words, List<int> ids)
    {
        if (text.AsSpan().IndexOfAny('<', '\n', '&') >= 0)
            text = Unescaped(text.Replace("<skipped>", "", StringComparison.Ordinal).Replace("-\n", "", StringComparison.Ordinal).Replace('\n', ' '));
        for (int start = 0; start < text.Length;)
        {
            int end = start;
            Class ends = Class.Blank;
            bool hasStop = false;
            for (; end < text.Length && (ends = ClassOf(text[end])) <= Class.Stop; end++)
                hasStop |= ends == Class.Stop;
            ReadOnlySpan<char> part = text.AsSpan(start, end - start);
            // What stands between blanks and marks is rewritten as if it were alone: the rules look no further than one character.
            if (hasStop)
                words.AddWords(SeparateStops($" {part} "), ids);
            else if (part.Length > 0)
                ids.Add(words.Of(part));
            if (end < text.Length && ends == Class.Mark)
                ids.Add(words.Of(text.AsSpan(end, 1)));
            start = end + 1;
        }
    }

    /// <summary>mteval-v14: punctuation and symbols of any script.</summary>
    public static string International(string text)
    {
        Rune[] runes = [.. text.EnumerateRunes()];
        runes = Separated(runes, (a, b) => !IsNumber(a) && IsPunctuation(b), before: false);
        runes = Separated(runes, (a, b) => IsPunctuation(a) && !IsNumber(b), before: true);
        var result = new StringBuilder(runes.Length * 2);
        foreach (Rune rune in runes)
        {
            if (IsSymbol(rune))
                result.Append(' ').Append(rune.ToString()).Append(' ');
            else
                result.Append(rune.ToString());
        }

        return result.ToString();
    }

    /// <summary>Every character by itself.</summary>
    public static string Characters(string text)
    {
        var result = new StringBuilder(text.Length * 2);
        foreach (Rune rune in text.EnumerateRunes())
            result.Append(rune.ToString()).Append(' ');
        return result.ToString();
    }

    /// <summary>Every Chinese character by itself, the rest as in 13a.</summary>
    public static ReadOnlySpan<char> Chinese(string text)
    {
        var result = new StringBuilder(text.Length * 2);
        foreach (char c in WhiteSpace.Trim(text))
        {
            if (IsChinese(c))
                result.Append(' ').Append(c).Append(' ');
            else
                result.Append(c);
        }

        return SeparatePunctuation(result.ToString());
    }

    public static string Unescaped(string text) => text.Contains('&', StringComparison.Ordinal)
        ? text.Replace("&quot;", "\"", StringComparison.Ordinal).Replace("&amp;", "&", StringComparison.Ordinal)
            .Replace("&lt;", "<", StringComparison.Ordinal).Replace("&gt;", ">", StringComparison.Ordinal)
        : text;

    /// <summary>
    /// Blanks around ASCII punctuation; around full stops and commas not between digits; behind a dash after a digit.
    /// </summary>
    public static ReadOnlySpan<char> SeparatePunctuation(ReadOnlySpan<char> text) => SeparateStops(SeparateMarks(text));

    /// <summary>Blanks around ASCII punctuation other than the full stop, comma, dash and apostrophe.</summary>
    public static ReadOnlySpan<char> SeparateMarks(ReadOnlySpan<char> text)
    {
        char[] result = new char[text.Length * 3];
        int length = 0;
        foreach (char c in text)
        {
            if (IsMark(c))
                result[length++] = ' ';
            result[length++] = c;
            if (IsMark(c))
                result[length++] = ' ';
        }

        return result.AsSpan(0, length);
    }

    /// <summary>Blanks around full stops and commas unless a digit stands on that side, and behind a dash after a digit.</summary>
    public static ReadOnlySpan<char> SeparateStops(ReadOnlySpan<char> text)
    {
        if (text.IndexOfAny('.', ',', '-') < 0)
            return text;
        text = Separated(text, (a, b) => !char.IsAsciiDigit(a) && b is '.' or ',', before: false);
        text = Separated(text, (a, b) => a is '.' or ',' && !char.IsAsciiDigit(b), before: true);
        return Separated(text, (a, b) => char.IsAsciiDigit(a) && b == '-', before: false);
    }

    /// <summary>
    /// Finds pairs of neighbours from left to right, none overlapping, and writes "a b " (or " a b") for each.
    /// </summary>
    private static ReadOnlySpan<char> Separated(ReadOnlySpan<char> text, Func<char, char, bool> isPair, bool before)
    {
        char[] result = new char[text.Length * 2];
        int length = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (i + 1 == text.Length || !isPair(text[i], text[i + 1]))
            {
                result[length++] = text[i];
                continue;
            }

            if (before)
                result[length++] = ' ';
            result[length++] = text[i++];
            result[length++] = ' ';
            result[length++] = text[i];
            if (!before)
                result[length++] = ' ';
        }

        return result.AsSpan(0, length);
    }

    private static Rune[] Separated(Rune[] text, Func<Rune, Rune, bool> isPair, bool before)
    {
        Rune blank = new(' ');
        List<Rune> result = new(text.Length * 2);
        for (int i = 0; i < text.Length; i++)
        {
            if (i + 1 == text.Length || !isPair(text[i], text[i + 1]))
                result.Add(text[i]);
            else if (before)
                result.AddRange(blank, text[i], blank, text[++i]);
            else
                result.AddRange(text[i], blank, text[++i], blank);
        }

        return [.. result];
    }

    private static bool IsMark(char c) => ClassOf(c) == Class.Mark;

    private static Class ClassOf(char c) => c < AsciiClasses.Length ? AsciiClasses[c] : WhiteSpace.Is(c) ? Class.Blank : Class.Letter;

    private static bool IsNumber(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;

    private static bool IsPunctuation(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.ConnectorPunctuation or UnicodeCategory.DashPunctuation or UnicodeCategory.OpenPunctuation
        or UnicodeCategory.ClosePunctuation or UnicodeCategory.InitialQuotePunctuation or UnicodeCategory.FinalQuotePunctuation
        or UnicodeCategory.OtherPunctuation;

    private static bool IsSymbol(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.MathSymbol or UnicodeCategory.CurrencySymbol or UnicodeCategory.ModifierSymbol or UnicodeCategory.OtherSymbol;

    /// <summary>
    /// sacreBLEU's table. It means U+20000 to U+2A6D6 for one of its ranges, but compares with U+2001 to U+2A6D: general
    /// punctuation, arrows and mathematical signs are "Chinese" too. Published scores have it so.
    /// </summary>
    private static bool IsChinese(char c) => c is
        >= '\u2001' and <= '\u2A6D' or >= '\u2E80' and <= '\u2FDF' or >= '\u2FF0' and <= '\u303F' or >= '\u3100' and <= '\u312F'
        or >= '\u31A0' and <= '\u31BF' or >= '\u31C0' and <= '\u31EF' or >= '\u3200' and <= '\u33FF' or >= '\u3400' and <= '\u4DB5'
        or >= '\u4E00' and <= '\u9FBB' or >= '\uF900' and <= '\uFA2D' or >= '\uFA30' and <= '\uFA6A' or >= '\uFA70' and <= '\uFAD9'
        or >= '\uFE10' and <= '\uFE1F' or >= '\uFE30' and <= '\uFE4F' or >= '\uFF00' and <= '\uFFEF';
}
