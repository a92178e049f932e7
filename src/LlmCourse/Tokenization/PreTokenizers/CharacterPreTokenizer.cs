using LlmCourse.Tokenization.Text;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.PreTokenizers;

/// <summary>
/// Splits at the characters of one class, each a match of its own: WhitespaceSplit, Punctuation, Digits, CharDelimiterSplit,
/// and the two halves of BertPreTokenizer.
/// </summary>
internal sealed class CharacterPreTokenizer(CodePointSet members, SplitBehavior behavior) : IPreTokenizer, ISplitter
{
    public bool NeedsPlaces => false;

    public void Apply(PieceList pieces) => pieces.Split(this);

    public void Split(ReadOnlySpan<char> text, List<(int Start, int End)> ranges)
    {
        if (behavior is SplitBehavior.Removed or SplitBehavior.Isolated)
        {
            SplitPlainly(text, ranges);
            return;
        }

        List<(int Start, int End)> matches = [];
        for (int i = 0; i < text.Length;)
        {
            int codePoint = CodePoints.At(text, i), width = CodePoints.Width(codePoint);
            if (members.Contains(codePoint))
                matches.Add((i, i + width));
            i += width;
        }

        Splitting.Apply(text.Length, matches, behavior, false, ranges);
    }

    private void SplitPlainly(ReadOnlySpan<char> text, List<(int Start, int End)> ranges)
    {
        int at = 0;
        for (int i = 0; i < text.Length;)
        {
            int codePoint = CodePoints.At(text, i), width = CodePoints.Width(codePoint);
            if (members.Contains(codePoint))
            {
                if (at < i)
                    ranges.Add((at, i));
                if (behavior == SplitBehavior.Isolated)
                    ranges.Add((i, i + width));
                at = i + width;
            }

            i += width;
        }

        if (at < text.Length)
            ranges.Add((at, text.Length));
    }
}
