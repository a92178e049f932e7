using LlmCourse.Runtime;
using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tokenization.Models;

/// <summary>WordLevel: every piece is a word of the vocabulary, or unknown.</summary>
internal sealed class WordLevelModel(Vocabulary vocabulary, string unknownToken) : IModel
{
    private readonly int _unknownId = vocabulary.IdOf(unknownToken);

    public Vocabulary Vocabulary => vocabulary;

    public int SurfaceId => -1;

    public void Tokenize(ReadOnlySpan<char> piece, List<PieceToken> tokens)
    {
        int id = vocabulary.IdOf(piece);
        if (id < 0)
            id = _unknownId;
        if (id < 0)
            throw new TokenizerException($"The text holds '{piece}', which needs the unk_token '{unknownToken}', but the vocabulary lacks that.");
        tokens.Add(new(id, 0, piece.Length));
    }
}
