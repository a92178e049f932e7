using System.Text;

namespace LlmCourse.Evaluation.Text;

/// <summary>The normalisation of Tercom, the original program for TER: afterwards the words stand between blanks.</summary>
internal static class TercomTokenizer
{
    public static string Rewrite(string text, bool normalized, bool noPunctuation, bool asian)
    {
        if (normalized)
        {
            text = TranslationTokenizer.Unescaped(text.Replace("\n-", "", StringComparison.Ordinal).Replace('\n', ' '));
            string marked = TranslationTokenizer.SeparateMarks(" " + text + " ").ToString().Replace("'s ", " 's ", StringComparison.Ordinal);
            text = TranslationTokenizer.SeparateStops(marked).ToString();
            if (asian)
                text = Mapped(text, c => IsIdeograph(c) || IsAsianMark(c), c => $" {c} ");
        }

        return noPunctuation
            ? Mapped(text, c => c is '.' or ',' or '?' or ':' or ';' or '!' or '"' or '(' or ')' || (asian && IsAsianMark(c)), _ => "")
            : text;
    }

    private static string Mapped(string text, Func<char, bool> changes, Func<char, string> change)
    {
        var result = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            if (changes(c))
                result.Append(change(c));
            else
                result.Append(c);
        }

        return result.ToString();
    }

    /// <summary>sacreBLEU's table; U+3F22 stands there where U+32FF is meant. (Its rules for kana never apply: they look at the whole text, which has blanks around it by then.)</summary>
    private static bool IsIdeograph(char c) => c is
        >= '\u2E80' and <= '\u2EFF' or >= '\u31C0' and <= '\u31EF' or >= '\u3200' and <= '\u3F22' or >= '\u3400' and <= '\u4DBF'
        or >= '\u4E00' and <= '\u9FFF' or >= '\uF900' and <= '\uFAFF' or >= '\uFE30' and <= '\uFE4F';

    private static bool IsAsianMark(char c) => c is
        '\u3001' or '\u3002' or >= '\u3008' and <= '\u3011' or >= '\u3014' and <= '\u301F' or >= '\uFF61' and <= '\uFF65' or '\u30FB'
        or '\uFF0E' or '\uFF0C' or '\uFF1F' or '\uFF1A' or '\uFF1B' or '\uFF01' or '\uFF02' or '\uFF08' or '\uFF09';
}
