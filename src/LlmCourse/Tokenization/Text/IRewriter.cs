namespace LlmCourse.Tokenization.Text;

/// <summary>Writes a piece anew.</summary>
internal interface IRewriter
{
    /// <summary>Writes what becomes of the piece; the writer stands at its beginning.</summary>
    public void Rewrite(Piece piece, AlignedWriter writer);
}
