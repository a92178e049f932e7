using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tokenization.Models;

/// <summary>Makes tokens of one piece of text.</summary>
internal interface IModel
{
    public Vocabulary Vocabulary { get; }

    /// <summary>The id whose tokens are shown by the text they stand for (Unigram's unknown token); -1 if there is none.</summary>
    public int SurfaceId { get; }

    /// <summary>Adds the tokens of a piece, which is not empty.</summary>
    public void Tokenize(ReadOnlySpan<char> piece, List<PieceToken> tokens);
}
