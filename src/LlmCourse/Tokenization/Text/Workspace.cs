namespace LlmCourse.Tokenization.Text;

/// <summary>What encoding a text fills on its way and the next text can fill again; for one thread.</summary>
internal sealed class Workspace
{
    public List<(int Start, int End, int Id)> Raw { get; } = [];

    public List<(int Start, int End, int Id)> Normalized { get; } = [];

    public PieceList Pieces { get; } = new();

    /// <summary>What the model made of a piece.</summary>
    public List<PieceToken> PieceTokens { get; } = [];

    /// <summary>The tokens of the text so far.</summary>
    public List<TextToken> Tokens { get; } = [];
}
