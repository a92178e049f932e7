namespace LlmCourse.Tokenization.Text;

/// <summary>A token that a model makes of a piece.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Start">The first of the piece's characters that it covers.</param>
/// <param name="End">Behind the last of them.</param>
internal readonly record struct PieceToken(int Id, int Start, int End);
