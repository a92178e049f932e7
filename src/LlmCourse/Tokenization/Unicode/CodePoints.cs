using System.Runtime.CompilerServices;
using System.Text;

namespace LlmCourse.Tokenization.Unicode;

/// <summary>Reading and writing code points in UTF-16.</summary>
internal static class CodePoints
{
    public const int Last = 0x10FFFF;

    /// <summary>The code point at a position of valid UTF-16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int At(ReadOnlySpan<char> text, int index)
    {
        char first = text[index];
        return char.IsHighSurrogate(first) && index + 1 < text.Length
            ? char.ConvertToUtf32(first, text[index + 1])
            : first;
    }

    /// <summary>The code point which ends just before a position.</summary>
    public static int Before(ReadOnlySpan<char> text, int index)
    {
        char last = text[index - 1];
        return char.IsLowSurrogate(last) && index >= 2 ? char.ConvertToUtf32(text[index - 2], last) : last;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Width(int codePoint) => codePoint < 0x10000 ? 1 : 2;

    public static int Count(ReadOnlySpan<char> text)
    {
        int count = text.Length;
        foreach (char c in text)
        {
            if (char.IsLowSurrogate(c))
                count--;
        }

        return count;
    }

    /// <summary>The one code point a text consists of, or -1.</summary>
    public static int Single(string text)
    {
        if (text.Length == 0)
            return -1;
        int codePoint = At(text, 0);
        return Width(codePoint) == text.Length ? codePoint : -1;
    }

    public static string ToText(int codePoint) =>
        codePoint is >= 0xD800 and <= 0xDFFF ? ((char)codePoint).ToString() : char.ConvertFromUtf32(codePoint);

    /// <summary>The same text with U+FFFD for each lone surrogate; valid text comes back as it is.</summary>
    public static string Valid(string text)
    {
        int bad = FirstLoneSurrogate(text);
        if (bad < 0)
            return text;
        StringBuilder result = new(text, 0, bad, text.Length);
        for (int i = bad; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
                result.Append(text[i]).Append(text[++i]);
            else
                result.Append(char.IsSurrogate(text[i]) ? '\uFFFD' : text[i]);
        }

        return result.ToString();
    }

    private static int FirstLoneSurrogate(string text)
    {
        int at = text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF');
        for (; at >= 0 && at < text.Length; at++)
        {
            if (!char.IsSurrogate(text[at]))
                continue;
            if (char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]))
                at++;
            else
                return at;
        }

        return -1;
    }
}
