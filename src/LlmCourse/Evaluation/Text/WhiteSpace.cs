using System.Text;
using LlmCourse.Tokenization.Chat;

namespace LlmCourse.Evaluation.Text;

/// <summary>Words between blanks, and letter case, by the rules of the reference implementations (Python's <c>str</c>).</summary>
internal static class WhiteSpace
{
    /// <summary>Unicode's white space, and the four separators U+001C to U+001F, which .NET does not count.</summary>
    public static bool Is(char c) => char.IsWhiteSpace(c) || c is >= '\u001C' and <= '\u001F';

    /// <summary>The next word at or after <paramref name="at"/>, which is moved behind it; false at the end.</summary>
    public static bool TryNext(ReadOnlySpan<char> text, ref int at, out ReadOnlySpan<char> word)
    {
        while (at < text.Length && Is(text[at]))
            at++;
        int start = at;
        while (at < text.Length && !Is(text[at]))
            at++;
        word = text[start..at];
        return word.Length > 0;
    }

    public static string[] Split(ReadOnlySpan<char> text)
    {
        List<string> words = [];
        for (int at = 0; TryNext(text, ref at, out ReadOnlySpan<char> word);)
            words.Add(word.ToString());
        return [.. words];
    }

    public static ReadOnlySpan<char> TrimEnd(ReadOnlySpan<char> text)
    {
        int end = text.Length;
        while (end > 0 && Is(text[end - 1]))
            end--;
        return text[..end];
    }

    public static ReadOnlySpan<char> Trim(ReadOnlySpan<char> text)
    {
        int start = 0;
        while (start < text.Length && Is(text[start]))
            start++;
        return TrimEnd(text[start..]);
    }

    /// <summary>Unicode's full lower case, final sigma and dotted I included.</summary>
    public static string Lower(string text) => Ascii.IsValid(text) ? text.ToLowerInvariant() : LetterCase.Lower(text);
}
