using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tokenization.PreTokenizers;

/// <summary>Cuts a text into the pieces that the model sees one by one.</summary>
internal interface IPreTokenizer
{
    /// <summary>Makes the pieces finer, or writes them anew.</summary>
    public void Apply(PieceList pieces);

    /// <summary>Whether it asks where a piece that was cut off before began in the original text.</summary>
    public bool NeedsPlaces { get; }
}
