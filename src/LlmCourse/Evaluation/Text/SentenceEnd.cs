namespace LlmCourse.Evaluation.Text;

/// <summary>A plain rule for where sentences end; <see cref="RougeOptions.SplitSentences"/> says it in words.</summary>
internal static class SentenceEnd
{
    private static readonly string[] Titles = ["Mr", "Mrs", "Ms", "Dr", "Prof", "St", "Jr", "Sr", "vs"];

    /// <summary>Behind the sentence that begins at <paramref name="start"/>: right after its end, or -1 if the text ends first.</summary>
    public static int Next(ReadOnlySpan<char> text, int start)
    {
        for (int i = start; i < text.Length; i++)
        {
            if (text[i] is '\n' or '。' or '！' or '？')
                return i + 1;
            if (text[i] is not ('.' or '!' or '?') || (text[i] == '.' && IsAbbreviation(text[start..i])))
                continue;
            int end = i + 1;
            while (end < text.Length && text[end] is '"' or '\'' or ')' or ']' or '”' or '’' or '»')
                end++;
            int next = end;
            while (next < text.Length && WhiteSpace.Is(text[next]))
                next++;
            if (next > end && next < text.Length && !char.IsLower(text[next]))
                return end;
        }

        return -1;
    }

    private static bool IsAbbreviation(ReadOnlySpan<char> before)
    {
        int start = before.Length;
        while (start > 0 && char.IsLetter(before[start - 1]))
            start--;
        ReadOnlySpan<char> word = before[start..];
        if (word.Length == 1)
            return char.IsUpper(word[0]);
        foreach (string title in Titles)
        {
            if (word.SequenceEqual(title))
                return true;
        }

        return false;
    }
}
