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

    private readonly BpeSettings _settings;
    private readonly PairTable _ranks;
    private readonly int[] _merged;
    private readonly int[] _characterIds = new int[FastCharacters];
    private readonly int[]? _byteIds;
    private readonly int _unknownId = -1;
    private readonly bool _isPlain;
    private readonly WordCache _cache = new();

    public BpeModel(BpeSettings settings)
    {
        _settings = settings;
        Vocabulary = settings.Vocabulary;
        _ranks = new(settings.Merges.Count);
        _merged = new int[settings.Merges.Count];
        for (int rank = 0; rank < _merged.Length; rank++)
            AddMerge(rank, settings.Merges[rank].First, settings.Merges[rank].Second);
        for (int c = 0; c < FastCharacters; c++)
            _characterIds[c] = Vocabulary.IdOf([(char)c]);
        if (settings.FallsBackToBytes)
            _byteIds = [.. Enumerable.Range(0, 256).Select(value => Vocabulary.IdOf($"<0x{value:X2}>"))];
        if (settings.UnknownToken is not null)
            _unknownId = Vocabulary.IdOf(settings.UnknownToken);
        _isPlain = settings.ContinuingPrefix.Length == 0 && settings.WordSuffix.Length == 0;
    }

    public Vocabulary Vocabulary { get; }

    public int SurfaceId => -1;

    public void Tokenize(ReadOnlySpan<char> piece, TokenList tokens)
    {
        if (_cache.TryAdd(piece, tokens))
            return;
        int first = tokens.Count;
        int whole = _settings.IgnoresMerges ? Vocabulary.IdOf(piece) : -1;
        if (whole >= 0)
        {
            tokens.Add(whole, 0, piece.Length);
        }
        else
        {
            Symbols symbols = new(piece.Length);
            Begin(piece, symbols);
            symbols.Merge(_ranks, _merged);
            symbols.AddTo(tokens);
        }

        _cache.Remember(piece, tokens, first);
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
    }

    private int IdInMerge(string token, int rank)
    {
        int id = Vocabulary.IdOf(token);
        return id >= 0 ? id : throw new TokenizerException($"model: merge {rank} needs the token '{token}', which the vocabulary lacks.");
    }

    /// <summary>Writes the single characters, byte tokens and unknown tokens a piece begins as.</summary>
    private void Begin(ReadOnlySpan<char> piece, Symbols symbols)
    {
        int pendingStart = -1, pendingEnd = -1;
        for (int i = 0; i < piece.Length;)
        {
            int codePoint = CodePoints.At(piece, i), end = i + CodePoints.Width(codePoint);
            int id = IdOf(piece, i, end, codePoint);
            if (id >= 0)
            {
                if (pendingStart >= 0)
                    symbols.Add(_unknownId, pendingStart, pendingEnd);
                pendingStart = -1;
                symbols.Add(id, i, end);
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
                        symbols.Add(_unknownId, pendingStart, pendingEnd);
                    (pendingStart, pendingEnd) = (i, end);
                }
            }

            i = end;
        }

        if (pendingStart >= 0)
            symbols.Add(_unknownId, pendingStart, pendingEnd);
    }

    private int IdOf(ReadOnlySpan<char> piece, int start, int end, int codePoint)
    {
        if (_isPlain)
            return codePoint < FastCharacters ? _characterIds[codePoint] : Vocabulary.IdOf(piece[start..end]);
        return Vocabulary.IdOf(Dressed(piece, start, end));
    }

    private string Dressed(ReadOnlySpan<char> piece, int start, int end) => string.Concat(
        start > 0 ? _settings.ContinuingPrefix : "",
        piece[start..end],
        end == piece.Length ? _settings.WordSuffix : "");

    /// <summary>Adds a character's byte tokens if the vocabulary has all of them.</summary>
    private bool AddBytes(ReadOnlySpan<char> piece, int start, int end, Symbols symbols)
    {
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(Dressed(piece, start, end));
        if (bytes.Any(value => _byteIds![value] < 0))
            return false;
        foreach (byte value in bytes)
            symbols.Add(_byteIds![value], start, end);
        return true;
    }
}
