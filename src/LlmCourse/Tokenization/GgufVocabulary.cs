using System.Collections;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmCourse.Runtime;
using LlmCourse.Tokenization.Models;

namespace LlmCourse.Tokenization;

/// <summary>
/// Translates the vocabulary inside a GGUF file into tokenizer.json and tokenizer_config.json: "gpt2" is byte-level BPE whose
/// splitting has a name, "llama" is SentencePiece's BPE whose merges follow from the scores.
/// </summary>
internal sealed class GgufVocabulary
{
    private const string Prefix = "tokenizer.ggml.";
    private const int Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6;

    private const string Llama3Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private const string Qwen2Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly IReadOnlyDictionary<string, object> _metadata;
    private readonly string[] _tokens;
    private readonly int[] _types;
    private readonly Vocabulary _vocabulary;

    private GgufVocabulary(IReadOnlyDictionary<string, object> metadata)
    {
        _metadata = metadata;
        _tokens = [.. List<string>("tokens") ?? throw Missing("tokens")];
        _types = [.. List<int>("token_type") ?? Enumerable.Repeat(1, _tokens.Length)];
        if (_types.Length != _tokens.Length)
            throw new TokenizerException($"GGUF: {Prefix}token_type has {_types.Length} entries for {_tokens.Length} tokens.");
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        for (int id = 0; id < _tokens.Length; id++)
        {
            if (!ids.TryAdd(_tokens[id], id))
                throw new TokenizerException($"GGUF: {Prefix}tokens has '{_tokens[id]}' twice, with ids {ids[_tokens[id]]} and {id}.");
        }

        _vocabulary = new(ids);
    }

    /// <summary>The texts of tokenizer.json and tokenizer_config.json.</summary>
    public static (string Json, string ConfigJson) Translate(IReadOnlyDictionary<string, object> metadata)
    {
        GgufVocabulary vocabulary = new(metadata);
        JsonObject json = vocabulary.Text("model") switch
        {
            "gpt2" => vocabulary.ByteLevel(),
            "llama" => vocabulary.SentencePiece(),
            string other => throw Unsupported("model", other),
            null => throw Missing("model"),
        };
        return (json.ToJsonString(Readable), vocabulary.Config().ToJsonString(Readable));
    }

    private JsonObject ByteLevel()
    {
        string pre = Text("pre") ?? "default";
        bool isLlama3 = pre is "llama-bpe" or "llama3" or "llama-v3";
        JsonNode preTokenizer = pre switch
        {
            "default" or "gpt-2" or "gpt2" or "olmo" or "jina-es" or "jina-de" or "roberta-bpe" => ByteLetters(splits: true),
            "smollm" or "starcoder" or "refact" or "command-r" or "codeshell" => Sequence("pretokenizers", Part("""{"type":"Digits","individual_digits":true}"""), ByteLetters(splits: true)),
            "qwen2" or "deepseek-r1-qwen" => Split(Qwen2Pattern),
            _ when isLlama3 => Split(Llama3Pattern),
            _ => throw Unsupported("pre", pre),
        };
        List<string> merges = List<string>("merges") ?? throw Missing("merges");
        return Document(null, preTokenizer, Framed(ByteLetters(splits: true), addsBosByDefault: false), ByteLetters(splits: true), new JsonObject
        {
            ["ignore_merges"] = isLlama3,
            ["merges"] = new JsonArray([.. merges.Select(merge => JsonValue.Create(merge))]),
        });
    }

    private JsonObject SentencePiece()
    {
        List<JsonNode> normalizers = [Part("""{"type":"Replace","pattern":{"String":" "},"content":"\u2581"}""")];
        List<JsonNode> decoders = [Part("""{"type":"Replace","pattern":{"String":"\u2581"},"content":" "}"""), Part("""{"type":"ByteFallback"}"""), Part("""{"type":"Fuse"}""")];
        if (Flag("add_space_prefix") ?? true)
        {
            normalizers.Insert(0, Part("""{"type":"Prepend","prepend":"\u2581"}"""));
            decoders.Add(Part("""{"type":"Strip","content":" ","start":1,"stop":0}"""));
        }

        return Document(Sequence("normalizers", [.. normalizers]), null, Framed(null, addsBosByDefault: true), Sequence("decoders", [.. decoders]), new JsonObject
        {
            ["unk_token"] = TokenNamed("unknown_token_id") ?? _tokens.Where((_, id) => _types[id] == Unknown).FirstOrDefault(),
            ["fuse_unk"] = true,
            ["byte_fallback"] = true,
            ["merges"] = MergesByScore(),
        });
    }

    private JsonObject Document(JsonNode? normalizer, JsonNode? preTokenizer, JsonNode? postProcessor, JsonNode decoder, JsonObject model)
    {
        model["type"] = "BPE";
        model["vocab"] = new JsonObject(_tokens.Select((token, id) => KeyValuePair.Create(token, (JsonNode?)id)));
        return new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = AddedTokens(),
            ["normalizer"] = normalizer,
            ["pre_tokenizer"] = preTokenizer,
            ["post_processor"] = postProcessor,
            ["decoder"] = decoder,
            ["model"] = model,
        };
    }

    private JsonObject Config() => new()
    {
        ["tokenizer_class"] = "PreTrainedTokenizerFast",
        ["bos_token"] = TokenNamed("bos_token_id"),
        ["eos_token"] = TokenNamed("eos_token_id"),
        ["pad_token"] = TokenNamed("padding_token_id"),
        ["unk_token"] = TokenNamed("unknown_token_id"),
        ["sep_token"] = TokenNamed("seperator_token_id"),
        ["mask_token"] = TokenNamed("mask_token_id"),
        ["chat_template"] = _metadata.GetValueOrDefault("tokenizer.chat_template") as string,
        ["clean_up_tokenization_spaces"] = false,
    };

    private static JsonNode Part(string json) => JsonNode.Parse(json)!;

    /// <summary>"ByteLevel", which is a pre-tokenizer, a post-processor and a decoder.</summary>
    private static JsonObject ByteLetters(bool splits) => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = false,
        ["trim_offsets"] = true,
        ["use_regex"] = splits,
    };

    private static JsonObject Sequence(string key, params JsonNode[] parts) => new() { ["type"] = "Sequence", [key] = new JsonArray(parts) };

    private static JsonObject Split(string pattern) => Sequence(
        "pretokenizers",
        new JsonObject { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = pattern }, ["behavior"] = "Isolated", ["invert"] = false },
        ByteLetters(splits: false));

    /// <summary>Every way to put a piece together from two others; the piece with the highest score is merged first.</summary>
    private JsonArray MergesByScore()
    {
        float[] scores = [.. List<float>("scores") ?? throw Missing("scores")];
        if (scores.Length != _tokens.Length)
            throw new TokenizerException($"GGUF: {Prefix}scores has {scores.Length} entries for {_tokens.Length} tokens.");
        List<(float Score, int First, int Second)> merges = [];
        for (int id = 0; id < _tokens.Length; id++)
        {
            string token = _tokens[id];
            for (int cut = 1; cut < token.Length && IsPiece(id); cut++)
            {
                int first = _vocabulary.IdOf(token.AsSpan(0, cut)), second = _vocabulary.IdOf(token.AsSpan(cut));
                if (first >= 0 && second >= 0 && IsPiece(first) && IsPiece(second))
                    merges.Add((scores[id], first, second));
            }
        }

        return [.. merges
            .OrderByDescending(merge => merge.Score).ThenBy(merge => merge.First).ThenBy(merge => merge.Second)
            .Select(merge => new JsonArray(_tokens[merge.First], _tokens[merge.Second]))];
    }

    private bool IsPiece(int id) => _types[id] is not (Unknown or Control or Unused or Byte);

    private JsonArray AddedTokens() =>
    [
        .. Enumerable.Range(0, _tokens.Length)
            .Where(id => _types[id] is Control or UserDefined or Unknown)
            .Select(id => new JsonObject
            {
                ["id"] = id,
                ["content"] = _tokens[id],
                ["single_word"] = false,
                ["lstrip"] = false,
                ["rstrip"] = false,
                ["normalized"] = false,
                ["special"] = _types[id] != UserDefined,
            }),
    ];

    /// <summary>The post-processor with the begin and end tokens that the file asks for.</summary>
    private JsonNode? Framed(JsonNode? inner, bool addsBosByDefault)
    {
        string[] begin = Flag("add_bos_token") ?? addsBosByDefault ? [TokenNamed("bos_token_id") ?? throw Missing("bos_token_id")] : [];
        string[] end = Flag("add_eos_token") ?? false ? [TokenNamed("eos_token_id") ?? throw Missing("eos_token_id")] : [];
        if (begin.Length + end.Length == 0)
            return inner;
        static JsonNode Piece(string kind, string id, int typeId) => new JsonObject { [kind] = new JsonObject { ["id"] = id, ["type_id"] = typeId } };
        JsonNode[] Text(string id, int typeId) =>
            [.. begin.Select(token => Piece("SpecialToken", token, 0)), Piece("Sequence", id, typeId), .. end.Select(token => Piece("SpecialToken", token, 0))];
        JsonObject template = new()
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray(Text("A", 0)),
            ["pair"] = new JsonArray([.. Text("A", 0), .. Text("B", 1)]),
            ["special_tokens"] = new JsonObject(begin.Union(end).Select(token => KeyValuePair.Create(
                token, (JsonNode?)new JsonObject { ["id"] = token, ["ids"] = new JsonArray(_vocabulary.IdOf(token)), ["tokens"] = new JsonArray(token) }))),
        };
        return inner is null ? template : Sequence("processors", inner, template);
    }

    private string? TokenNamed(string key)
    {
        if (Number(key) is not int id)
            return null;
        return (uint)id < (uint)_tokens.Length ? _tokens[id] : throw new TokenizerException($"GGUF: {Prefix}{key} is {id}, but there are {_tokens.Length} tokens.");
    }

    private string? Text(string key) => Value(key) is not object value ? null
        : value as string ?? throw new TokenizerException($"GGUF: {Prefix}{key} must be a text.");

    private bool? Flag(string key) => Value(key) is not object value ? null
        : value as bool? ?? throw new TokenizerException($"GGUF: {Prefix}{key} must be true or false.");

    private int? Number(string key) => Value(key) is object value ? Converted<int>(key, value) : null;

    private List<T>? List<T>(string key)
    {
        if (Value(key) is not object value)
            return null;
        if (value is string or not IEnumerable)
            throw new TokenizerException($"GGUF: {Prefix}{key} must be a list.");
        return [.. ((IEnumerable)value).Cast<object>().Select(item => Converted<T>(key, item))];
    }

    private static T Converted<T>(string key, object value)
    {
        if (value is T same)
            return same;
        try
        {
            if (value is IConvertible and not string && typeof(T) != typeof(string))
                return (T)Convert.ChangeType(value, typeof(T), CultureInfo.InvariantCulture);
        }
        catch (Exception error) when (error is OverflowException or InvalidCastException)
        {
            throw new TokenizerException($"GGUF: {Prefix}{key}: {value} does not fit.", error);
        }

        throw new TokenizerException($"GGUF: {Prefix}{key} holds a value of the wrong type, {value?.GetType().Name ?? "null"}.");
    }

    private object? Value(string key) => _metadata.GetValueOrDefault(Prefix + key);

    private static TokenizerException Missing(string key) => new($"GGUF: the metadata has no usable {Prefix}{key}.");

    private static TokenizerException Unsupported(string key, string value) =>
        new($"GGUF: {Prefix}{key} '{value}' is not supported.") { UnsupportedPart = $"{Prefix}{key} {value}" };
}
