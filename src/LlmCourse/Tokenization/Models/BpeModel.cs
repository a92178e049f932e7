using System.Runtime.InteropServices;
using LlmCourse.Runtime;
using LlmCourse.Tokenization.Text;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.Models;

/// <summary>What a BPE model is made of.</summary>
internal sealed record BpeSettings
{
    public required Vocabulary Vocabulary { get; init; }

    /// <summary>The pairs, the first of which is merged first.</summary>
    public required IReadOnlyList<(string First, string Second)> Merges { get; init; }

    public string? UnknownToken { get; init; }

    public string ContinuingPrefix { get; init; } = "";

    public string WordSuffix { get; init; } = "";

    public bool FusesUnknown { get; init; }

    public bool FallsBackToBytes { get; init; }

    /// <summary>Whether a piece that is in the vocabulary as it stands is taken whole.</summary>
    public bool IgnoresMerges { get; init; }
}

/// <summary>BPE: begins with single characters and merges neighbours, the pair of the lowest rank first, the leftmost of equals.</summary>
internal sealed class BpeModel : IModel
{
    private const int FastCharacters = 0x180;

    /// <summary>A longer piece is likely to be several words, which are better remembered one by one.</summary>
    private const int LongestWord = 16;

    private readonly BpeSettings _settings;
    private readonly PairTable _ranks;
    private readonly int[] _merged;
    private readonly int[] _characterIds = new int[FastCharacters];
    private readonly int[]? _byteIds;
    private readonly int _unknownId = -1;
    private readonly bool _isPlain;

    /// <summary>The last character of one token and the first of another that some merge joins; null where pieces are not to be cut.</summary>
    private readonly PairTable? _joints;
    private readonly WordCache _cache = new();

    public BpeModel(BpeSettings settings)
    {
        _settings = settings;
        Vocabulary = settings.Vocabulary;
        _ranks = new(settings.Merges.Count);
        _merged = new int[settings.Merges.Count];
        _isPlain = settings.ContinuingPrefix.Length == 0 && settings.WordSuffix.Length == 0;
        _joints = _isPlain && !settings.IgnoresMerges ? new(1024) : null;
        for (int rank = 0; rank < _merged.Length; rank++)
            AddMerge(rank, settings.Merges[rank].First, settings.Merges[rank].Second);
        for (int c = 0; c < FastCharacters; c++)
            _characterIds[c] = Vocabulary.IdOf([(char)c]);
        if (settings.FallsBackToBytes)
            _byteIds = [.. Enumerable.Range(0, 256).Select(value => Vocabulary.IdOf($"<0x{value:X2}>"))];
        if (settings.UnknownToken is not null)
            _unknownId = Vocabulary.IdOf(settings.UnknownToken);
    }

    public Vocabulary Vocabulary { get; }

    public int SurfaceId => -1;

    public void Tokenize(ReadOnlySpan<char> piece, List<PieceToken> tokens)
    {
        int start = 0;
        for (int i = 1; _joints is not null && piece.Length > LongestWord && i < piece.Length; i++)
        {
            if (!IsSeam(piece[i - 1], piece[i]))
                continue;
            AddPart(piece[start..i], start, tokens);
            start = i;
        }

        AddPart(piece[start..], start, tokens);
    }

    /// <summary>
    /// Whether nothing can be merged across two characters: both stand in the vocabulary, so that a token which ends in the first
    /// meets one which begins with the second, and no merge joins two such tokens. (Half a surrogate pair is in no vocabulary.)
    /// </summary>
    private bool IsSeam(char first, char second) => _joints!.Find(first, second) < 0 && IdOf(first) >= 0 && IdOf(second) >= 0;

    private void AddPart(ReadOnlySpan<char> part, int start, List<PieceToken> tokens)
    {
        int first = tokens.Count;
        if (!_cache.TryAdd(part, tokens))
        {
            int whole = _settings.IgnoresMerges ? Vocabulary.IdOf(part) : -1;
            if (whole >= 0)
            {
                tokens.Add(new(whole, 0, part.Length));
            }
            else
            {
                Begin(part, tokens);
                int count = Merging.Merge(CollectionsMarshal.AsSpan(tokens)[first..], _ranks, _merged);
                CollectionsMarshal.SetCount(tokens, first + count);
            }

            _cache.Remember(part, tokens, first);
        }

        for (int i = first; start > 0 && i < tokens.Count; i++)
            tokens[i] = new(tokens[i].Id, start + tokens[i].Start, start + tokens[i].End);
    }

    private void AddMerge(int rank, string first, string second)
    {
        int prefix = _settings.ContinuingPrefix.Length;
        if (second.Length < prefix)
            throw new TokenizerException($"model: merge '{first} {second}' does not begin with the continuing_subword_prefix.");
        string merged = string.Concat(first, second.AsSpan(prefix));
        int firstId = IdInMerge(first, rank), secondId = IdInMerge(second, rank);
        _merged[rank] = IdInMerge(merged, rank);
        _ranks.Set(firstId, secondId, rank);
        if (first.Length > 0 && second.Length > 0)
            _joints?.Set(first[^1], second[0], rank);
    }

    private int IdInMerge(string token, int rank)
    {
        int id = Vocabulary.IdOf(token);
        return id >= 0 ? id : throw new TokenizerException($"model: merge {rank} needs the token '{token}', which the vocabulary lacks.");
    }

    /// <summary>Writes the single characters, byte tokens and unknown tokens a piece begins as.</summary>
    private void Begin(ReadOnlySpan<char> piece, List<PieceToken> symbols)
    {
        int pendingStart = -1, pendingEnd = -1;
        for (int i = 0; i < piece.Length;)
        {
            int codePoint = CodePoints.At(piece, i), end = i + CodePoints.Width(codePoint);
            int id = IdOf(piece, i, end, codePoint);
            if (id >= 0)
            {
                if (pendingStart >= 0)
                    symbols.Add(new(_unknownId, pendingStart, pendingEnd));
                pendingStart = -1;
                symbols.Add(new(id, i, end));
            }
            else if (_byteIds is not null && AddBytes(piece, i, end, symbols))
            {
                // As in the reference, bytes do not end a run of unknown characters: its token comes after them.
            }
            else if (_settings.UnknownToken is not null)
            {
                if (_unknownId < 0)
                    throw new TokenizerException($"The text holds '{piece[i..end]}', which needs the unk_token '{_settings.UnknownToken}', but the model's vocabulary lacks that.");
                if (pendingStart >= 0 && _settings.FusesUnknown)
                {
                    pendingEnd = end;
                }
                else
                {
                    if (pendingStart >= 0)
                        symbols.Add(new(_unknownId, pendingStart, pendingEnd));
                    (pendingStart, pendingEnd) = (i, end);
                }
            }

            i = end;
        }

        if (pendingStart >= 0)
            symbols.Add(new(_unknownId, pendingStart, pendingEnd));
    }

    private int IdOf(ReadOnlySpan<char> piece, int start, int end, int codePoint)
    {
        if (_isPlain)
            return codePoint < FastCharacters ? _characterIds[codePoint] : Vocabulary.IdOf(piece[start..end]);
        return Vocabulary.IdOf(Dressed(piece, start, end));
    }

    private int IdOf(char character) => character < FastCharacters ? _characterIds[character] : Vocabulary.IdOf([character]);

    private string Dressed(ReadOnlySpan<char> piece, int start, int end) => string.Concat(
        start > 0 ? _settings.ContinuingPrefix : "",
        piece[start..end],
        end == piece.Length ? _settings.WordSuffix : "");

    /// <summary>Adds a character's byte tokens if the vocabulary has all of them.</summary>
    private bool AddBytes(ReadOnlySpan<char> piece, int start, int end, List<PieceToken> symbols)
    {
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(Dressed(piece, start, end));
        if (bytes.Any(value => _byteIds![value] < 0))
            return false;
        foreach (byte value in bytes)
            symbols.Add(new(_byteIds![value], start, end));
        return true;
    }
}
