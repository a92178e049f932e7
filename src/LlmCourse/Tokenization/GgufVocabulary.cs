using System.Text.Json.Nodes;
using LlmCourse.Runtime;

namespace LlmCourse.Tokenization;

/// <summary>
/// Translates the vocabulary inside a GGUF file into tokenizer.json and tokenizer_config.json: "gpt2" is byte-level BPE whose
/// splitting has a name, "llama" and "t5" are SentencePiece's BPE and Unigram, "bert" is WordPiece.
/// </summary>
internal sealed class GgufVocabulary
{
    private const string WordMark = "\u2581", Continuation = "##";

    private readonly GgufMetadata _metadata;
    private readonly PieceVocabulary _pieces;

    private GgufVocabulary(GgufMetadata metadata)
    {
        _metadata = metadata;
        string[] tokens = [.. metadata.List<string>("tokens") ?? throw GgufMetadata.Missing("tokens")];
        int[] types = [.. metadata.List<int>("token_type") ?? Enumerable.Repeat((int)PieceType.Normal, tokens.Length)];
        float[]? scores = metadata.List<float>("scores") is { } list ? [.. list] : null;
        foreach ((string key, int count) in new[] { ("token_type", types.Length), ("scores", scores?.Length ?? tokens.Length) })
        {
            if (count != tokens.Length)
                throw new TokenizerException($"GGUF: {GgufMetadata.Prefix}{key} has {count} entries for {tokens.Length} tokens.");
        }

        _pieces = new($"GGUF: {GgufMetadata.Prefix}tokens", tokens, [.. types.Select(type => (PieceType)type)], scores);
    }

    /// <summary>The texts of tokenizer.json and tokenizer_config.json.</summary>
    public static (string Json, string ConfigJson) Translate(IReadOnlyDictionary<string, object> metadata)
    {
        GgufVocabulary vocabulary = new(new GgufMetadata(metadata));
        JsonObject json = vocabulary._metadata.Text("model") switch
        {
            "gpt2" => vocabulary.ByteLevel(),
            "llama" => vocabulary.SentencePiece(isUnigram: false),
            "t5" => vocabulary.SentencePiece(isUnigram: true),
            "bert" => vocabulary.WordPiece(),
            string other => throw GgufMetadata.Unsupported("model", other),
            null => throw GgufMetadata.Missing("model"),
        };
        return (TokenizerDocument.Text(json), TokenizerDocument.Text(vocabulary.Config()));
    }

    private JsonObject ByteLevel()
    {
        string pre = _metadata.Text("pre") is { Length: > 0 } named ? named : "default";
        GgufSplitting splitting = GgufSplitting.Of(pre) ?? throw GgufMetadata.Unsupported("pre", pre);
        List<string> merges = _metadata.List<string>("merges") ?? throw GgufMetadata.Missing("merges");
        JsonNode? frame = TokenizerDocument.Frame(
            _pieces, Wanted("bos_token_id", _metadata.Flag("add_bos_token") ?? (splitting.AddsBos && _metadata.Has("bos_token_id"))), Wanted("eos_token_id", _metadata.Flag("add_eos_token") ?? false));
        JsonNode[] processors = frame is null ? [TokenizerDocument.ByteLetters(splits: true)] : [TokenizerDocument.ByteLetters(splits: true), frame];
        return TokenizerDocument.Of(
            TokenizerDocument.AddedTokens(_pieces), null, splitting.PreTokenizer(), TokenizerDocument.Sequence("processors", processors), TokenizerDocument.ByteLetters(splits: true), new JsonObject
            {
                ["type"] = "BPE",
                ["ignore_merges"] = splitting.IgnoresMerges,
                ["vocab"] = TokenizerDocument.Ids(_pieces.Tokens),
                ["merges"] = new JsonArray([.. merges.Select(merge => JsonValue.Create(merge))]),
            });
    }

    private JsonObject SentencePiece(bool isUnigram)
    {
        if (_pieces.Scores is null || _pieces.Scores.Any(score => !float.IsFinite(score)))
            throw GgufMetadata.Missing("scores");
        SentencePieceModel model = new()
        {
            Pieces = _pieces,
            IsUnigram = isUnigram,
            AddsBlank = _metadata.Flag("add_space_prefix") ?? true,
            DropsBlanks = _metadata.Flag("remove_extra_whitespaces") ?? false,
            FallsBackToBytes = !isUnigram || _pieces.Types.Contains(PieceType.Byte),
            CharacterMap = isUnigram && _metadata.Bytes("precompiled_charsmap") is { Length: > 0 } map ? map : null,
            Unknown = TokenNamed("unknown_token_id") ?? _pieces.FindUnknown(),
            Bos = TokenNamed("bos_token_id"),
            Eos = TokenNamed("eos_token_id"),
        };
        return SentencePieceTranslation.WithFrame(
            model, Asked("add_bos_token", "bos_token_id", otherwise: !isUnigram), Asked("add_eos_token", "eos_token_id", otherwise: isUnigram));
    }

    /// <summary>A word's first piece has a mark in the file and none in vocab.txt; there, the others have one.</summary>
    private JsonObject WordPiece()
    {
        string[] words = [.. _pieces.Tokens.Select((token, id) =>
            _pieces.Types[id] is PieceType.Control or PieceType.Unknown || (token.StartsWith('[') && token.EndsWith(']')) ? token
            : token.StartsWith(WordMark, StringComparison.Ordinal) ? token[WordMark.Length..] : Continuation + token)];
        PieceVocabulary pieces = new($"GGUF: {GgufMetadata.Prefix}tokens", words, _pieces.Types, null);
        bool lowers = _metadata.Flag("normalizer.lowercase") ?? true, stripsAccents = _metadata.Flag("normalizer.strip_accents") ?? lowers;
        string begin = TokenNamed("cls_token_id") ?? TokenNamed("bos_token_id") ?? "[CLS]", end = TokenNamed("seperator_token_id") ?? TokenNamed("eos_token_id") ?? "[SEP]";
        string unknown = TokenNamed("unknown_token_id") ?? "[UNK]";
        if (Array.Find([begin, end, unknown], token => pieces.IdOf(token) < 0) is string missing)
            throw new TokenizerException($"GGUF: BERT's token '{missing}' is missing.");
        return TokenizerDocument.Of(
            TokenizerDocument.AddedTokens(pieces),
            new JsonObject { ["type"] = "BertNormalizer", ["clean_text"] = true, ["handle_chinese_chars"] = true, ["strip_accents"] = stripsAccents, ["lowercase"] = lowers },
            TokenizerDocument.Part("""{"type":"BertPreTokenizer"}"""),
            TokenizerDocument.Frame(pieces, [begin], [end], repeatsBegin: false),
            TokenizerDocument.Part("""{"type":"WordPiece","prefix":"##","cleanup":true}"""),
            new JsonObject
            {
                ["type"] = "WordPiece",
                ["unk_token"] = unknown,
                ["continuing_subword_prefix"] = Continuation,
                ["max_input_chars_per_word"] = 100,
                ["vocab"] = TokenizerDocument.Ids(pieces.Tokens),
            });
    }

    private JsonObject Config() => new()
    {
        ["tokenizer_class"] = "PreTrainedTokenizerFast",
        ["bos_token"] = TokenNamed("bos_token_id"),
        ["eos_token"] = TokenNamed("eos_token_id"),
        ["pad_token"] = TokenNamed("padding_token_id"),
        ["unk_token"] = TokenNamed("unknown_token_id"),
        ["sep_token"] = TokenNamed("seperator_token_id"),
        ["cls_token"] = TokenNamed("cls_token_id"),
        ["mask_token"] = TokenNamed("mask_token_id"),
        ["chat_template"] = _metadata.ChatTemplate,
        ["clean_up_tokenization_spaces"] = false,
    };

    private bool Asked(string flag, string id, bool otherwise) => (_metadata.Flag(flag) ?? otherwise) && (_metadata.Has(id) ? true : throw GgufMetadata.Missing(id));

    private string?[] Wanted(string id, bool wanted) => wanted ? [TokenNamed(id) ?? throw GgufMetadata.Missing(id)] : [];

    private string? TokenNamed(string key) => _metadata.Number(key) is int id ? _pieces.TokenOf($"{GgufMetadata.Prefix}{key}", id) : null;
}
