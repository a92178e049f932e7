namespace LlmCourse.Tokenization.Chat;

/// <summary>Strings by code point, as Python counts them; a lone surrogate is one.</summary>
internal static class CodePointText
{
    public static bool AreChars(string text) => text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0;

    public static int Count(ReadOnlySpan<char> text)
    {
        int count = text.Length;
        for (int i = 1; i < text.Length; i++)
        {
            if (char.IsLowSurrogate(text[i]) && char.IsHighSurrogate(text[i - 1]))
                count--;
        }

        return count;
    }

    public static IEnumerable<string> Split(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            bool pair = char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]);
            yield return pair ? text.Substring(i++, 2) : text[i].ToString();
        }
    }

    /// <summary>Where the given code point begins, in UTF-16 units; the end of the text for one past the last.</summary>
    public static int Offset(string text, int index)
    {
        if (AreChars(text))
            return Math.Min(index, text.Length);
        int at = 0;
        for (; index > 0 && at < text.Length; index--)
            at += char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]) ? 2 : 1;
        return at;
    }

    public static string Slice(string text, PySlice slice)
    {
        if (AreChars(text))
            return string.Concat(slice.Indices(text.Length).Select(i => text[i]));
        string[] points = [.. Split(text)];
        return string.Concat(slice.Indices(points.Length).Select(i => points[i]));
    }

    /// <summary>The order of code points, which differs from that of UTF-16 units above the surrogates.</summary>
    public static int Compare(string a, string b)
    {
        int at = a.AsSpan().CommonPrefixLength(b);
        if (at == a.Length || at == b.Length)
            return a.Length.CompareTo(b.Length);
        bool surrogateA = char.IsSurrogate(a[at]);
        return surrogateA != char.IsSurrogate(b[at]) ? (surrogateA ? 1 : -1) : a[at].CompareTo(b[at]);
    }
}
