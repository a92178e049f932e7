using LlmCourse.Runtime;

namespace LlmCourse.Tokenization;

/// <summary>A SentencePiece model (<c>spiece.model</c>, <c>tokenizer.model</c>): pieces, kind, and how a text is made ready for them.</summary>
internal sealed record SentencePieceModel
{
    private const int Unigram = 1, Bpe = 2, Word = 3;

    public required PieceVocabulary Pieces { get; init; }

    /// <summary>Unigram, or BPE.</summary>
    public bool IsUnigram { get; init; } = true;

    /// <summary>Whether a text begins with a blank of its own.</summary>
    public bool AddsBlank { get; init; } = true;

    /// <summary>Whether blanks at the ends are dropped and several are one.</summary>
    public bool DropsBlanks { get; init; } = true;

    /// <summary>Whether characters that no piece has become bytes.</summary>
    public bool FallsBackToBytes { get; init; }

    /// <summary>The table of replacements, if there is one.</summary>
    public byte[]? CharacterMap { get; init; }

    public string? Unknown { get; init; }

    public string? Bos { get; init; }

    public string? Eos { get; init; }

    /// <summary>Reads a file.</summary>
    /// <param name="content">Its bytes.</param>
    /// <param name="file">Its name, for errors.</param>
    public static SentencePieceModel Parse(ReadOnlySpan<byte> content, string file)
    {
        List<string> tokens = [];
        List<PieceType> types = [];
        List<float> scores = [];
        Settings settings = new();
        ProtoReader reader = new(content, file);
        while (reader.Next(out int field))
        {
            switch (field)
            {
                case 1:
                    (string token, float score, int type) = ReadPiece(new ProtoReader(reader.Bytes(), file));
                    if (!float.IsFinite(score) || !Enum.IsDefined((PieceType)type) || token.Length == 0)
                        throw new TokenizerException($"{file}: piece {tokens.Count} ('{token}', score {score}, type {type}) cannot be one.");
                    tokens.Add(token);
                    scores.Add(score);
                    types.Add((PieceType)type);
                    break;
                case 2:
                    ReadTrainer(new ProtoReader(reader.Bytes(), file), settings);
                    break;
                case 3:
                    ReadNormalizer(new ProtoReader(reader.Bytes(), file), settings);
                    break;
                case 5 when ReadsBack(new ProtoReader(reader.Bytes(), file)):
                    throw Unsupported(file, "denormalizer_spec", "a table of replacements for decoded text");
                default:
                    reader.Skip();
                    break;
            }
        }

        if (tokens.Count == 0)
            throw new TokenizerException($"{file}: this is no SentencePiece model: it has no pieces.");
        if (settings.Kind is not (Unigram or Bpe))
            throw Unsupported(file, "model_type", settings.Kind == Word ? "word" : settings.Kind == Word + 1 ? "char" : $"{settings.Kind}");
        if (settings.BlankBehind)
            throw Unsupported(file, "treat_whitespace_as_suffix", "true");
        if (!settings.EscapesBlanks)
            throw Unsupported(file, "escape_whitespaces", "false");
        PieceVocabulary pieces = new(file, tokens, types, scores);
        string? Named(string key, int id) => id < 0 ? null : pieces.TokenOf(key, id);
        return new SentencePieceModel
        {
            Pieces = pieces,
            IsUnigram = settings.Kind == Unigram,
            AddsBlank = settings.AddsBlank,
            DropsBlanks = settings.DropsBlanks,
            FallsBackToBytes = settings.FallsBackToBytes,
            CharacterMap = settings.CharacterMap,
            Unknown = pieces.FindUnknown() ?? Named("unk_id", settings.UnknownId),
            Bos = Named("bos_id", settings.BosId),
            Eos = Named("eos_id", settings.EosId),
        };
    }

    private static (string, float, int) ReadPiece(ProtoReader reader)
    {
        (string Token, float Score, int Type) piece = ("", 0, (int)PieceType.Normal);
        while (reader.Next(out int field))
        {
            switch (field)
            {
                case 1:
                    piece.Token = reader.Text();
                    break;
                case 2:
                    piece.Score = reader.Float();
                    break;
                case 3:
                    piece.Type = reader.Int();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return piece;
    }

    private static void ReadTrainer(ProtoReader reader, Settings settings)
    {
        while (reader.Next(out int field))
        {
            switch (field)
            {
                case 3:
                    settings.Kind = reader.Int();
                    break;
                case 24:
                    settings.BlankBehind = reader.Flag();
                    break;
                case 35:
                    settings.FallsBackToBytes = reader.Flag();
                    break;
                case 40:
                    settings.UnknownId = reader.Int();
                    break;
                case 41:
                    settings.BosId = reader.Int();
                    break;
                case 42:
                    settings.EosId = reader.Int();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
    }

    private static void ReadNormalizer(ProtoReader reader, Settings settings)
    {
        while (reader.Next(out int field))
        {
            switch (field)
            {
                case 2:
                    settings.CharacterMap = reader.Bytes() is { IsEmpty: false } map ? map.ToArray() : null;
                    break;
                case 3:
                    settings.AddsBlank = reader.Flag();
                    break;
                case 4:
                    settings.DropsBlanks = reader.Flag();
                    break;
                case 5:
                    settings.EscapesBlanks = reader.Flag();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
    }

    private static bool ReadsBack(ProtoReader reader)
    {
        bool hasMap = false;
        while (reader.Next(out int field))
        {
            if (field == 2)
                hasMap |= !reader.Bytes().IsEmpty;
            else
                reader.Skip();
        }

        return hasMap;
    }

    private static TokenizerException Unsupported(string file, string key, string value) =>
        new($"{file}: {key} is {value}, which is not supported. Convert the tokenizer to tokenizer.json in Python: AutoTokenizer.from_pretrained(folder).save_pretrained(folder).") { UnsupportedPart = $"SentencePiece {key} {value}" };

    // What the file says, with SentencePiece's own defaults.
    private sealed class Settings
    {
        public int Kind { get; set; } = Unigram;

        public bool BlankBehind { get; set; }

        public bool FallsBackToBytes { get; set; }

        public int UnknownId { get; set; }

        public int BosId { get; set; } = 1;

        public int EosId { get; set; } = 2;

        public bool AddsBlank { get; set; } = true;

        public bool DropsBlanks { get; set; } = true;

        public bool EscapesBlanks { get; set; } = true;

        public byte[]? CharacterMap { get; set; }
    }
}
