using LlmCourse.Tokenization.Text;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.PreTokenizers;

/// <summary>FixedLength: pieces of so many characters, the last one shorter.</summary>
internal sealed class FixedLengthPreTokenizer(int length) : IPreTokenizer, ISplitter
{
    public bool NeedsPlaces => false;

    public void Apply(PieceList pieces) => pieces.Split(this);

    public void Split(ReadOnlySpan<char> text, List<(int Start, int End)> ranges)
    {
        int start = 0, count = 0;
        for (int i = 0; i < text.Length;)
        {
            i += CodePoints.Width(CodePoints.At(text, i));
            if (++count < length && i < text.Length)
                continue;
            ranges.Add((start, i));
            (start, count) = (i, 0);
        }
    }
}
