using System.Collections;
using System.Globalization;
using LlmCourse.Runtime;
using LlmCourse.Tokenization.Decoders;
using LlmCourse.Tokenization.Models;
using LlmCourse.Tokenization.Normalizers;
using LlmCourse.Tokenization.Patterns;
using LlmCourse.Tokenization.PostProcessors;
using LlmCourse.Tokenization.PreTokenizers;
using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tokenization;

/// <summary>
/// Reads the vocabulary inside a GGUF file: "gpt2" is byte-level BPE whose splitting has a name, "llama" is SentencePiece's BPE
/// whose merges follow from the scores.
/// </summary>
internal sealed class GgufVocabulary
{
    private const string Prefix = "tokenizer.ggml.";
    private const int Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6;

    private const string Llama3Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private const string Qwen2Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

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
            ids.TryAdd(_tokens[id], id);
        _vocabulary = new(ids, _tokens);
    }

    public static TokenizerParts Read(IReadOnlyDictionary<string, object> metadata)
    {
        GgufVocabulary vocabulary = new(metadata);
        string model = vocabulary.Text("model") ?? throw Missing("model");
        TokenizerParts parts = model switch
        {
            "gpt2" => vocabulary.ByteLevel(),
            "llama" => vocabulary.SentencePiece(),
            _ => throw Unsupported("model", model),
        };
        return parts with
        {
            AddedTokens = vocabulary.AddedTokens(),
            PostProcessor = vocabulary.Framed(parts.PostProcessor, addsBosByDefault: model == "llama"),
            SpecialTokens = new SpecialTokens
            {
                Bos = vocabulary.TokenNamed("bos_token_id"),
                Eos = vocabulary.TokenNamed("eos_token_id"),
                Pad = vocabulary.TokenNamed("padding_token_id"),
                Unk = vocabulary.TokenNamed("unknown_token_id"),
                Sep = vocabulary.TokenNamed("seperator_token_id"),
                Mask = vocabulary.TokenNamed("mask_token_id"),
            },
            ChatTemplate = metadata.TryGetValue("tokenizer.chat_template", out object? template) ? template as string : null,
        };
    }

    private TokenizerParts ByteLevel()
    {
        string pre = Text("pre") ?? "default";
        IPreTokenizer plain = new ByteLevelPreTokenizer(addsBlank: false, splits: true);
        IReadOnlyList<string> merges = List<string>("merges") ?? throw Missing("merges");
        return new TokenizerParts
        {
            PreTokenizer = pre switch
            {
                "default" or "gpt-2" or "gpt2" or "olmo" or "jina-es" or "jina-de" or "roberta-bpe" => plain,
                "smollm" or "starcoder" or "refact" or "command-r" or "codeshell" => new SequencePreTokenizer([PreTokenizerReader.Digits(individually: true), plain]),
                "llama-bpe" or "llama3" or "llama-v3" => Split(Llama3Pattern),
                "qwen2" or "deepseek-r1-qwen" => Split(Qwen2Pattern),
                _ => throw Unsupported("pre", pre),
            },
            Model = new BpeModel(new BpeSettings
            {
                Vocabulary = _vocabulary,
                Merges = [.. merges.Select(merge => ModelReader.SplitMerge(merge) ?? throw new TokenizerException($"GGUF: '{merge}' is no merge."))],
                IgnoresMerges = pre is "llama-bpe" or "llama3" or "llama-v3",
            }),
            PostProcessor = new ByteLevelProcessor(trimsOffsets: true, addsBlank: false),
            Decoder = new ByteLevelDecoder(),
        };
    }

    private static SequencePreTokenizer Split(string pattern) => new(
    [
        new SplitPreTokenizer(Pattern.Regex(pattern), SplitBehavior.Isolated, isInverted: false),
        new ByteLevelPreTokenizer(addsBlank: false, splits: false),
    ]);

    private TokenizerParts SentencePiece()
    {
        List<INormalizer> normalizers = [new ReplaceNormalizer(Pattern.Literal(" "), "\u2581")];
        List<IDecoder> decoders = [new ReplaceDecoder(Pattern.Literal("\u2581"), " "), new ByteFallbackDecoder(), new FuseDecoder()];
        if (Flag("add_space_prefix") ?? true)
        {
            normalizers.Insert(0, new PrependNormalizer("\u2581"));
            decoders.Add(new StripDecoder(' ', start: 1, stop: 0));
        }

        return new TokenizerParts
        {
            Normalizer = new SequenceNormalizer(normalizers),
            Model = new BpeModel(new BpeSettings
            {
                Vocabulary = _vocabulary,
                Merges = MergesByScore(),
                UnknownToken = TokenNamed("unknown_token_id") ?? _tokens.Where((_, id) => _types[id] == Unknown).FirstOrDefault(),
                FusesUnknown = true,
                FallsBackToBytes = true,
            }),
            Decoder = new SequenceDecoder(decoders),
        };
    }

    /// <summary>Every way to put a piece together from two others; the piece with the highest score is merged first.</summary>
    private List<(string, string)> MergesByScore()
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
            .Select(merge => (_tokens[merge.First], _tokens[merge.Second]))];
    }

    private bool IsPiece(int id) => _types[id] is not (Unknown or Control or Unused or Byte);

    private AddedToken[] AddedTokens() =>
    [
        .. Enumerable.Range(0, _tokens.Length)
            .Where(id => _types[id] is Control or UserDefined or Unknown && _vocabulary.IdOf(_tokens[id]) == id)
            .Select(id => new AddedToken { Id = id, Content = _tokens[id], IsSpecial = _types[id] != UserDefined }),
    ];

    /// <summary>The post-processor with the begin and end tokens that the file asks for.</summary>
    private IPostProcessor Framed(IPostProcessor inner, bool addsBosByDefault)
    {
        TemplatePiece[] begin = Flag("add_bos_token") ?? addsBosByDefault ? Special("bos_token_id") : [];
        TemplatePiece[] end = Flag("add_eos_token") ?? false ? Special("eos_token_id") : [];
        if (begin.Length + end.Length == 0)
            return inner;
        TemplateProcessor template = new(
            [.. begin, TemplatePiece.Text(0, 0), .. end],
            [.. begin, TemplatePiece.Text(0, 0), .. end, .. begin, TemplatePiece.Text(1, 1), .. end]);
        return inner is PlainProcessor ? template : new SequenceProcessor([inner, template]);
    }

    private TemplatePiece[] Special(string key) =>
        Number(key) is int id && TokenNamed(key) is string token ? [TemplatePiece.Special(0, [id], [token])] : throw Missing(key);

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
