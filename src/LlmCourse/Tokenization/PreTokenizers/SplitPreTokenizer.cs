using LlmCourse.Tokenization.Patterns;
using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tokenization.PreTokenizers;

/// <summary>Split: at every match of a pattern.</summary>
internal sealed class SplitPreTokenizer(Pattern pattern, SplitBehavior behavior, bool isInverted) : IPreTokenizer, ISplitter
{
    public bool NeedsPlaces => false;

    public void Apply(PieceList pieces) => pieces.Split(this);

    public void Split(ReadOnlySpan<char> text, List<(int Start, int End)> ranges)
    {
        List<(int Start, int End)> matches = [];
        pattern.FindAll(text, matches);
        Splitting.Apply(text.Length, matches, behavior, isInverted, ranges);
    }
}
