using LlmCourse.Runtime;
using LlmCourse.Tokenization.Text;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.Models;

/// <summary>WordPiece: the longest piece each time; a word that cannot be cut up, or is too long, is unknown as a whole.</summary>
internal sealed class WordPieceModel : IModel
{
    private readonly PieceTrie _trie;
    private readonly int _continuing;
    private readonly int _unknownId;
    private readonly string _unknownToken;
    private readonly int _maxCharacters;
    private readonly WordCache _cache = new();

    public WordPieceModel(Vocabulary vocabulary, string unknownToken, string continuingPrefix, int maxCharacters)
    {
        Vocabulary = vocabulary;
        _trie = new(vocabulary.Ids);
        _continuing = _trie.Walk(continuingPrefix);
        _unknownToken = unknownToken;
        _unknownId = vocabulary.IdOf(unknownToken);
        _maxCharacters = maxCharacters;
    }

    public Vocabulary Vocabulary { get; }

    public int SurfaceId => -1;

    public void Tokenize(ReadOnlySpan<char> piece, List<PieceToken> tokens)
    {
        if (_cache.TryAdd(piece, tokens))
            return;
        int first = tokens.Count;
        if (CodePoints.Count(piece) > _maxCharacters || !TryCut(piece, tokens))
        {
            tokens.RemoveRange(first, tokens.Count - first);
            if (_unknownId < 0)
                throw new TokenizerException($"The text holds '{piece}', which needs the unk_token '{_unknownToken}', but the vocabulary lacks that.");
            tokens.Add(new(_unknownId, 0, piece.Length));
        }

        _cache.Remember(piece, tokens, first);
    }

    private bool TryCut(ReadOnlySpan<char> piece, List<PieceToken> tokens)
    {
        for (int start = 0; start < piece.Length;)
        {
            int node = start == 0 ? PieceTrie.Root : _continuing, end = -1, id = -1;
            for (int i = start; i < piece.Length && node >= 0; i++)
            {
                node = _trie.Step(node, piece[i]);
                if (node >= 0 && _trie.IdAt(node) >= 0)
                    (end, id) = (i + 1, _trie.IdAt(node));
            }

            if (id < 0)
                return false;
            tokens.Add(new(id, start, end));
            start = end;
        }

        return true;
    }
}
