using System.Text;
using LlmCourse.Runtime;
using LlmCourse.Tokenization.Text;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.Models;

/// <summary>
/// Unigram: of all ways to cut a piece into vocabulary pieces, the one with the largest sum of scores; of equal ones, the one
/// found first going from left to right. A character that no piece covers alone scores worse than any piece by ten.
/// </summary>
internal sealed class UnigramModel : IModel
{
    private const double UnknownPenalty = 10;

    private readonly PieceTrie _trie;
    private readonly double[] _scores;
    private readonly double _unknownScore;
    private readonly int _unknownId;
    private readonly int[]? _byteIds;
    private readonly WordCache _cache = new();

    /// <param name="pieces">The pieces and their scores, by id; of a piece that stands twice the later counts.</param>
    /// <param name="unknownId">The unknown token, or -1.</param>
    /// <param name="fallsBackToBytes">Whether an unknown run becomes byte tokens where the vocabulary has them all.</param>
    public UnigramModel(IReadOnlyList<(string Text, double Score)> pieces, int unknownId, bool fallsBackToBytes)
    {
        Dictionary<string, int> ids = new(pieces.Count, StringComparer.Ordinal);
        for (int id = 0; id < pieces.Count; id++)
            ids[pieces[id].Text] = id;
        Vocabulary = new(ids, [.. pieces.Select(piece => piece.Text)]);
        _trie = new(ids);
        _scores = [.. pieces.Select(piece => piece.Score)];
        _unknownScore = (_scores.Length == 0 ? 0 : _scores.Min()) - UnknownPenalty;
        _unknownId = unknownId;
        if (fallsBackToBytes)
            _byteIds = [.. Enumerable.Range(0, 256).Select(value => Vocabulary.IdOf($"<0x{value:X2}>"))];
    }

    public Vocabulary Vocabulary { get; }

    public int SurfaceId => _unknownId;

    public void Tokenize(ReadOnlySpan<char> piece, List<PieceToken> tokens)
    {
        if (_cache.TryAdd(piece, tokens))
            return;
        int first = tokens.Count;
        Node[] best = new Node[piece.Length + 1];
        FindBest(piece, best);
        List<(int Start, int End)> cuts = Cuts(best);
        for (int i = cuts.Count - 1; i >= 0; i--)
            AddToken(piece, cuts[i].Start, cuts[i].End, tokens);
        _cache.Remember(piece, tokens, first);
    }

    /// <summary>The best way to reach a position: from where, by which piece, with which score.</summary>
    private struct Node
    {
        public double Score;
        public int Id;
        public int Start;
        public bool IsReached;
    }

    private void FindBest(ReadOnlySpan<char> piece, Node[] best)
    {
        for (int start = 0; start < piece.Length;)
        {
            int width = CodePoints.Width(CodePoints.At(piece, start));
            double score = best[start].Score;
            bool hasSingle = false;
            int node = PieceTrie.Root;
            for (int i = start; i < piece.Length; i++)
            {
                node = _trie.Step(node, piece[i]);
                if (node < 0)
                    break;
                int id = _trie.IdAt(node);
                if (id < 0)
                    continue;
                Offer(ref best[i + 1], score + _scores[id], id, start);
                hasSingle |= i + 1 - start == width;
            }

            if (!hasSingle && _unknownId < 0)
                throw NoUnknown(piece.Slice(start, width));
            if (!hasSingle)
                Offer(ref best[start + width], score + _unknownScore, _unknownId, start);
            start += width;
        }
    }

    private static void Offer(ref Node node, double score, int id, int start)
    {
        if (node.IsReached && score <= node.Score)
            return;
        node = new Node { Score = score, Id = id, Start = start, IsReached = true };
    }

    /// <summary>The cuts from the last to the first; neighbouring unknown ones are one.</summary>
    private List<(int Start, int End)> Cuts(Node[] best)
    {
        List<(int Start, int End)> cuts = [];
        bool wasUnknown = false;
        for (int end = best.Length - 1; end > 0; end = best[end].Start)
        {
            bool isUnknown = best[end].Id == _unknownId && _unknownId >= 0;
            if (isUnknown && wasUnknown)
                cuts[^1] = (best[end].Start, cuts[^1].End);
            else
                cuts.Add((best[end].Start, end));
            wasUnknown = isUnknown;
        }

        return cuts;
    }

    private void AddToken(ReadOnlySpan<char> piece, int start, int end, List<PieceToken> tokens)
    {
        ReadOnlySpan<char> text = piece[start..end];
        int id = Vocabulary.IdOf(text);
        if (id < 0 && _byteIds is not null)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text.ToString());
            if (bytes.All(value => _byteIds[value] >= 0))
            {
                foreach (byte value in bytes)
                    tokens.Add(new(_byteIds[value], start, end));
                return;
            }
        }

        if (id < 0)
            id = _unknownId >= 0 ? _unknownId : throw NoUnknown(text);
        tokens.Add(new(id, start, end));
    }

    private static TokenizerException NoUnknown(ReadOnlySpan<char> text) =>
        new($"The text holds '{text}', which needs an unknown token, but the model has no unk_id.");
}
