namespace LlmCourse.Tokenization.Text;

/// <summary>A stretch of a text that is to be tokenized by itself, or an added token that was found.</summary>
/// <param name="Text">The text it is a part of.</param>
/// <param name="Start">Its first character.</param>
/// <param name="End">Behind its last character.</param>
/// <param name="AddedId">The added token's id, or -1.</param>
/// <param name="Origin">Where it begins in the original text; -1 where that is not known and not the beginning.</param>
internal readonly record struct Piece(AlignedText Text, int Start, int End, int AddedId, int Origin)
{
    public ReadOnlySpan<char> Span => Text.Span[Start..End];

    public bool IsAdded => AddedId >= 0;
}
