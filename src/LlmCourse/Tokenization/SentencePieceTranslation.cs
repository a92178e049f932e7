using System.Text.Json.Nodes;
using LlmCourse.Runtime;
using LlmCourse.Tokenization.Models;

namespace LlmCourse.Tokenization;

/// <summary>
/// Translates a SentencePiece model into tokenizer.json. The parts are those of published tokenizer.json files of the same models,
/// so that both give the same ids.
/// </summary>
internal static class SentencePieceTranslation
{
    private const string Blank = "\u2581";

    /// <summary>A model from a file, with what the tokenizer_config.json beside it says.</summary>
    public static string Translate(SentencePieceModel model, TokenizerConfig config) => TokenizerDocument.Text(config.Class?.Replace("Fast", "", StringComparison.Ordinal) switch
    {
        "T5Tokenizer" or "MT5Tokenizer" => T5(model, config.ExtraIds),
        "LlamaTokenizer" or "GemmaTokenizer" => WithFrame(model, config.AddsBos ?? true, config.AddsEos ?? false, config.IsLegacy),
        "AlbertTokenizer" => Albert(model, config),
        null when !model.IsUnigram => WithFrame(model, config.AddsBos ?? model.Bos is not null, config.AddsEos ?? false, config.IsLegacy),
        null => throw Unknown("no tokenizer_class in tokenizer_config.json says whose it is"),
        string other => throw Unknown($"tokenizer_class \"{other}\" numbers its tokens in a way of its own"),
    });

    /// <summary>A model that begins and ends its texts as it is told.</summary>
    public static JsonObject WithFrame(SentencePieceModel model, bool addsBos, bool addsEos, bool isLegacy = true)
    {
        string?[] begin = addsBos ? [model.Bos ?? throw Lacks("begin")] : [], end = addsEos ? [model.Eos ?? throw Lacks("end")] : [];
        return Document(model, TokenizerDocument.Frame(model.Pieces, begin, end), isLegacy);
    }

    /// <summary>T5 has 100 tokens more than its file, the last first, and ends every text with its own end token.</summary>
    private static JsonObject T5(SentencePieceModel model, int extraIds)
    {
        int count = model.Pieces.Tokens.Count;
        string[] extra = [.. Enumerable.Range(0, extraIds).Select(i => $"<extra_id_{extraIds - 1 - i}>").Where(token => model.Pieces.IdOf(token) < 0)];
        PieceVocabulary pieces = new(
            "spiece.model",
            [.. model.Pieces.Tokens, .. extra],
            [.. model.Pieces.Types, .. Enumerable.Repeat(PieceType.Control, extra.Length)],
            [.. model.Pieces.Scores!, .. Enumerable.Repeat(0f, extra.Length)]);
        return Document(model with { Pieces = pieces }, TokenizerDocument.Frame(pieces, [], [model.Eos ?? throw Lacks("end")], secondType: 0), isLegacy: true);
    }

    /// <summary>ALBERT writes quotes as one, drops accents and capitals unless told not to, and has BERT's frame; a number with a comma behind it counts less.</summary>
    private static JsonObject Albert(SentencePieceModel model, TokenizerConfig config)
    {
        static bool IsNumberWithComma(string piece) => piece.Length >= 2 && piece[^1] == ',' && char.IsDigit(piece[^2]);
        PieceVocabulary pieces = new(
            "spiece.model", model.Pieces.Tokens, model.Pieces.Types,
            [.. model.Pieces.Scores!.Select((score, id) => IsNumberWithComma(model.Pieces.Tokens[id]) ? score - 100 : score)]);
        List<JsonNode> normalizers = [TokenizerDocument.Replace("``", "\""), TokenizerDocument.Replace("''", "\"")];
        if (!config.KeepsAccents)
            normalizers.AddRange([TokenizerDocument.Part("""{"type":"NFKD"}"""), TokenizerDocument.Part("""{"type":"StripAccents"}""")]);
        if (config.Lowers)
            normalizers.Add(TokenizerDocument.Part("""{"type":"Lowercase"}"""));
        if (model.CharacterMap is not null)
            normalizers.Add(Precompiled(model.CharacterMap));
        normalizers.Add(TokenizerDocument.Replace(" {2,}", " ", isRegex: true));
        JsonNode? frame = TokenizerDocument.Frame(pieces, ["[CLS]"], ["[SEP]"], repeatsBegin: false);
        if (pieces.IdOf("[CLS]") < 0 || pieces.IdOf("[SEP]") < 0)
            throw new TokenizerException("The SentencePiece model lacks ALBERT's tokens [CLS] and [SEP].");
        return TokenizerDocument.Of(
            TokenizerDocument.AddedTokens(pieces), TokenizerDocument.Sequence("normalizers", [.. normalizers]), Metaspace(model), frame, Metaspace(model), Model(model with { Pieces = pieces }));
    }

    private static JsonObject Document(SentencePieceModel model, JsonNode? postProcessor, bool isLegacy)
    {
        List<JsonNode> normalizers = [];
        bool hasWords = HasWords(model), splitsAtBlanks = hasWords && model.CharacterMap is not null;
        if (model.CharacterMap is not null)
            normalizers.Add(Precompiled(model.CharacterMap));
        if (model.DropsBlanks && !splitsAtBlanks)
            normalizers.AddRange([TokenizerDocument.Replace(@"\A +| +\z", "", isRegex: true), TokenizerDocument.Replace(" {2,}", " ", isRegex: true)]);
        JsonNode? preTokenizer = null;
        if (hasWords)
        {
            // The table has made every blank a space: words between blanks are what is left of dropping them.
            preTokenizer = splitsAtBlanks
                ? TokenizerDocument.Sequence("pretokenizers", TokenizerDocument.Part("""{"type":"WhitespaceSplit"}"""), Metaspace(model))
                : Metaspace(model);
        }
        else if (isLegacy || !model.AddsBlank)
        {
            if (model.AddsBlank)
                normalizers.Add(new JsonObject { ["type"] = "Prepend", ["prepend"] = Blank });
            normalizers.Add(TokenizerDocument.Replace(" ", Blank));
        }
        else
        {
            preTokenizer = new JsonObject { ["type"] = "Metaspace", ["replacement"] = Blank, ["prepend_scheme"] = "first", ["split"] = false };
        }

        return TokenizerDocument.Of(
            TokenizerDocument.AddedTokens(model.Pieces), TokenizerDocument.Sequence("normalizers", [.. normalizers]), preTokenizer, postProcessor, Decoder(model), Model(model));
    }

    /// <summary>
    /// Whether a text can be cut into words, each with one blank in front, as T5's tokenizer.json does. Where blanks are kept, or none
    /// is added, that would lose or join some.
    /// </summary>
    private static bool HasWords(SentencePieceModel model) => model.IsUnigram && model.DropsBlanks && model.AddsBlank;

    private static JsonNode Decoder(SentencePieceModel model)
    {
        if (HasWords(model) && !model.FallsBackToBytes)
            return Metaspace(model);
        List<JsonNode> decoders = [TokenizerDocument.Replace(Blank, " ")];
        if (model.FallsBackToBytes)
            decoders.Add(TokenizerDocument.Part("""{"type":"ByteFallback"}"""));
        decoders.Add(TokenizerDocument.Part("""{"type":"Fuse"}"""));
        if (model.AddsBlank)
            decoders.Add(TokenizerDocument.Part("""{"type":"Strip","content":" ","start":1,"stop":0}"""));
        return TokenizerDocument.Sequence("decoders", [.. decoders])!;
    }

    private static JsonObject Model(SentencePieceModel model) => model.IsUnigram
        ? new JsonObject
        {
            ["type"] = "Unigram",
            ["unk_id"] = model.Unknown is null ? null : model.Pieces.IdOf(model.Unknown),
            ["vocab"] = new JsonArray([.. model.Pieces.Tokens.Select((token, id) => new JsonArray(token, (double)model.Pieces.Scores![id]))]),
            ["byte_fallback"] = model.FallsBackToBytes,
        }
        : new JsonObject
        {
            ["type"] = "BPE",
            ["unk_token"] = model.Unknown,
            ["fuse_unk"] = true,
            ["byte_fallback"] = model.FallsBackToBytes,
            ["vocab"] = TokenizerDocument.Ids(model.Pieces.Tokens),
            ["merges"] = TokenizerDocument.Merges(model.Pieces.MergesByScore()),
        };

    private static JsonObject Metaspace(SentencePieceModel model) => new()
    {
        ["type"] = "Metaspace",
        ["replacement"] = Blank,
        ["prepend_scheme"] = model.AddsBlank ? "always" : "never",
        ["split"] = true,
    };

    private static JsonObject Precompiled(byte[] map) => new() { ["type"] = "Precompiled", ["precompiled_charsmap"] = Convert.ToBase64String(map) };

    private static TokenizerException Lacks(string what) => new($"The vocabulary names no token to {what} a text with, and the files ask for one.");

    private static TokenizerException Unknown(string why) => new(
        $"The SentencePiece model alone does not say how its tokens are used, and {why}. "
        + "Convert it in Python: AutoTokenizer.from_pretrained(folder).save_pretrained(folder) writes tokenizer.json.")
    { UnsupportedPart = "SentencePiece" };
}
