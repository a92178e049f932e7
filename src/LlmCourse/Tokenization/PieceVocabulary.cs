using LlmCourse.Runtime;
using LlmCourse.Tokenization.Models;

namespace LlmCourse.Tokenization;

/// <summary>What a piece of a SentencePiece vocabulary is; GGUF files use the same numbers.</summary>
internal enum PieceType
{
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <summary>The pieces of a vocabulary by id, with the types and scores that SentencePiece models and GGUF files give them.</summary>
internal sealed class PieceVocabulary
{
    private readonly string _source;
    private readonly Vocabulary _ids;

    /// <param name="source">Whose they are, for errors.</param>
    /// <param name="tokens">Their texts.</param>
    /// <param name="types">Their types.</param>
    /// <param name="scores">Their scores; null where there are none.</param>
    public PieceVocabulary(string source, IReadOnlyList<string> tokens, IReadOnlyList<PieceType> types, IReadOnlyList<float>? scores)
    {
        (_source, Tokens, Types, Scores) = (source, tokens, types, scores);
        Dictionary<string, int> ids = new(tokens.Count, StringComparer.Ordinal);
        for (int id = 0; id < tokens.Count; id++)
        {
            if (!ids.TryAdd(tokens[id], id))
                throw new TokenizerException($"{source} has '{tokens[id]}' twice, with ids {ids[tokens[id]]} and {id}.");
        }

        _ids = new(ids);
    }

    public IReadOnlyList<string> Tokens { get; }

    public IReadOnlyList<PieceType> Types { get; }

    public IReadOnlyList<float>? Scores { get; }

    public int IdOf(ReadOnlySpan<char> token) => _ids.IdOf(token);

    /// <summary>The token with an id that something refers to.</summary>
    public string TokenOf(string what, int id) => (uint)id < (uint)Tokens.Count
        ? Tokens[id]
        : throw new TokenizerException($"{_source}: {what} is {id}, but there are {Tokens.Count} tokens.");

    /// <summary>The unknown piece, if there is one.</summary>
    public string? FindUnknown() => Tokens.Where((_, id) => Types[id] == PieceType.Unknown).FirstOrDefault();

    /// <summary>Every way to put a piece together from two others; the piece with the highest score is merged first.</summary>
    public IEnumerable<(string First, string Second)> MergesByScore()
    {
        List<(float Score, int First, int Second)> merges = [];
        for (int id = 0; id < Tokens.Count; id++)
        {
            string token = Tokens[id];
            for (int cut = 1; cut < token.Length && IsPiece(id); cut++)
            {
                int first = IdOf(token.AsSpan(0, cut)), second = IdOf(token.AsSpan(cut));
                if (first >= 0 && second >= 0 && IsPiece(first) && IsPiece(second))
                    merges.Add((Scores![id], first, second));
            }
        }

        return merges
            .OrderByDescending(merge => merge.Score).ThenBy(merge => merge.First).ThenBy(merge => merge.Second)
            .Select(merge => (Tokens[merge.First], Tokens[merge.Second]));
    }

    private bool IsPiece(int id) => Types[id] is not (PieceType.Unknown or PieceType.Control or PieceType.Unused or PieceType.Byte);
}
