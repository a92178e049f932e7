using LlmCourse.Tokenization.Text;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.PostProcessors;

/// <summary>ByteLevel: takes the blanks at both ends of a token out of its offsets.</summary>
internal sealed class ByteLevelProcessor(bool trimsOffsets, bool addsBlank) : IPostProcessor
{
    private static readonly char Blank = ByteLetters.Letter((byte)' ');

    public (int[] Before, int[] After)? SingleFrame => ([], []);

    public int AddedTokens(bool isPair) => 0;

    public List<EncodingDraft> Process(List<EncodingDraft> encodings, bool addSpecialTokens)
    {
        for (int i = 0; i < encodings.Count; i++)
        {
            if (trimsOffsets)
                TrimOffsets(encodings[i], addsBlank);
            encodings[i].SetSequence(i);
        }

        return encodings;
    }

    /// <param name="encoding">The encoding, whose overflowing parts are trimmed too.</param>
    /// <param name="addsBlank">Whether a single blank before the first token may be one that was added, which has no place in the text.</param>
    public static void TrimOffsets(EncodingDraft encoding, bool addsBlank)
    {
        for (int i = 0; i < encoding.Count; i++)
        {
            ref TextToken trimmed = ref encoding.Tokens[i];
            (string token, int start, int end) = (trimmed.Text, trimmed.Start, trimmed.End);
            int leading = 0, trailing = 0;
            while (leading < token.Length && IsBlank(token[leading]))
                leading++;
            while (trailing < token.Length && IsBlank(token[^(trailing + 1)]))
                trailing++;
            if (leading + trailing == 0)
                continue;
            if (leading > 0)
            {
                if ((i == 0 || start == 0) && addsBlank && leading == 1)
                    leading = 0;
                start = Math.Min(Forward(encoding.Source, start, leading), end);
            }

            if (trailing > 0)
                end = Math.Max(Back(encoding.Source, end, trailing), start);
            (trimmed.Start, trimmed.End) = (start, end);
        }

        foreach (EncodingDraft part in encoding.Overflowing)
            TrimOffsets(part, addsBlank);
    }

    /// <summary>So many code points further on.</summary>
    private static int Forward(string text, int at, int count)
    {
        for (; count > 0 && at < text.Length; count--)
            at += CodePoints.Width(CodePoints.At(text, at));
        return at;
    }

    /// <summary>So many code points further back; where there are fewer, not at all, as in the reference.</summary>
    private static int Back(string text, int at, int count)
    {
        int moved = at;
        for (; count > 0 && moved > 0; count--)
            moved -= CodePoints.Width(CodePoints.Before(text, moved));
        return count == 0 ? moved : at;
    }

    private static bool IsBlank(char c) => c == Blank || CodePointClasses.Space.Contains(c);
}
