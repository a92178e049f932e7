using LlmCourse.Tokenization.Text;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.PreTokenizers;

/// <summary>Whitespace: runs of word characters and runs of anything else but white space.</summary>
internal sealed class WhitespacePreTokenizer : IPreTokenizer, ISplitter
{
    public bool NeedsPlaces => false;

    public void Apply(PieceList pieces) => pieces.Split(this);

    public void Split(ReadOnlySpan<char> text, List<(int Start, int End)> ranges)
    {
        int start = 0, kind = 0;
        for (int i = 0; i < text.Length;)
        {
            int codePoint = CodePoints.At(text, i);
            int next = CodePointClasses.Space.Contains(codePoint) ? 0 : CodePointClasses.Word.Contains(codePoint) ? 1 : 2;
            if (next != kind)
            {
                if (kind != 0)
                    ranges.Add((start, i));
                (start, kind) = (i, next);
            }

            i += CodePoints.Width(codePoint);
        }

        if (kind != 0)
            ranges.Add((start, text.Length));
    }
}
