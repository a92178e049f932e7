using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlmCourse.Tokenization;

/// <summary>Writes tokenizer.json for vocabularies that come in another form.</summary>
internal static class TokenizerDocument
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static JsonObject Of(JsonArray addedTokens, JsonNode? normalizer, JsonNode? preTokenizer, JsonNode? postProcessor, JsonNode? decoder, JsonObject model) => new()
    {
        ["version"] = "1.0",
        ["added_tokens"] = addedTokens,
        ["normalizer"] = normalizer,
        ["pre_tokenizer"] = preTokenizer,
        ["post_processor"] = postProcessor,
        ["decoder"] = decoder,
        ["model"] = model,
    };

    public static string Text(JsonObject document) => document.ToJsonString(Readable);

    public static JsonNode Part(string json) => JsonNode.Parse(json)!;

    /// <summary>Parts one after the other; one alone, and none at all, stay what they are.</summary>
    public static JsonNode? Sequence(string key, params JsonNode[] parts) => parts.Length switch
    {
        0 => null,
        1 => parts[0],
        _ => new JsonObject { ["type"] = "Sequence", [key] = new JsonArray(parts) },
    };

    /// <summary>"ByteLevel", which is a pre-tokenizer, a post-processor and a decoder.</summary>
    public static JsonObject ByteLetters(bool splits) => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = false,
        ["trim_offsets"] = true,
        ["use_regex"] = splits,
    };

    /// <summary>Every match of a pattern stands alone.</summary>
    public static JsonObject Split(string pattern) => new()
    {
        ["type"] = "Split",
        ["pattern"] = new JsonObject { ["Regex"] = pattern },
        ["behavior"] = "Isolated",
        ["invert"] = false,
    };

    public static JsonObject Replace(string pattern, string content, bool isRegex = false) => new()
    {
        ["type"] = "Replace",
        ["pattern"] = new JsonObject { [isRegex ? "Regex" : "String"] = pattern },
        ["content"] = content,
    };

    public static JsonArray Merges(IEnumerable<(string First, string Second)> merges) => [.. merges.Select(merge => new JsonArray(merge.First, merge.Second))];

    public static JsonObject Ids(IReadOnlyList<string> tokens) => new(tokens.Select((token, id) => KeyValuePair.Create(token, (JsonNode?)id)));

    /// <summary>The pieces that are found before anything else happens to a text.</summary>
    public static JsonArray AddedTokens(PieceVocabulary pieces) =>
    [
        .. Enumerable.Range(0, pieces.Tokens.Count)
            .Where(id => pieces.Types[id] is PieceType.Control or PieceType.UserDefined or PieceType.Unknown)
            .Select(id => AddedToken(id, pieces.Tokens[id], pieces.Types[id] != PieceType.UserDefined)),
    ];

    public static JsonObject AddedToken(int id, string content, bool isSpecial) => new()
    {
        ["id"] = id,
        ["content"] = content,
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = false,
        ["special"] = isSpecial,
    };

    /// <summary>The post-processor that puts tokens before, after and between texts; null where there are none.</summary>
    public static JsonNode? Frame(PieceVocabulary pieces, string?[] begin, string?[] end, bool repeatsBegin = true, int secondType = 1)
    {
        string[] before = [.. begin.OfType<string>()], after = [.. end.OfType<string>()];
        if (before.Length + after.Length == 0)
            return null;
        static JsonNode Piece(string kind, string id, int typeId) => new JsonObject { [kind] = new JsonObject { ["id"] = id, ["type_id"] = typeId } };
        JsonNode[] Text(string id, int typeId, bool begins) =>
        [
            .. (begins ? before : []).Select(token => Piece("SpecialToken", token, typeId)),
            Piece("Sequence", id, typeId),
            .. after.Select(token => Piece("SpecialToken", token, typeId)),
        ];
        return new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray(Text("A", 0, begins: true)),
            ["pair"] = new JsonArray([.. Text("A", 0, begins: true), .. Text("B", secondType, repeatsBegin)]),
            ["special_tokens"] = new JsonObject(before.Union(after).Select(token => KeyValuePair.Create(
                token, (JsonNode?)new JsonObject { ["id"] = token, ["ids"] = new JsonArray(pieces.IdOf(token)), ["tokens"] = new JsonArray(token) }))),
        };
    }
}
