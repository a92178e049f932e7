namespace LlmCourse.Tokenization.Text;

/// <summary>Finds where a piece is to be cut.</summary>
internal interface ISplitter
{
    /// <summary>Adds the ranges of the text that remain, in order.</summary>
    public void Split(ReadOnlySpan<char> text, List<(int Start, int End)> ranges);
}
