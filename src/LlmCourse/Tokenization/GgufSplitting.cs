using System.Text.Json.Nodes;

namespace LlmCourse.Tokenization;

/// <summary>
/// How the byte-level vocabularies of GGUF files cut a text into words. A file has only a name for it (<c>tokenizer.ggml.pre</c>);
/// which expressions it stands for is defined by llama.cpp (src/llama-vocab.cpp). Where that approximates the expression of the
/// model's own tokenizer.json, the model's own is used.
/// </summary>
internal sealed record GgufSplitting(bool IgnoresMerges, bool AddsBos, params string[] Patterns)
{
    private const string English = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Ends = @"\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Symbols = @" ?[^\s\p{L}\p{N}]+[\r\n]*|" + Ends;
    private const string Word = @"[^\r\n\p{L}\p{N}]?\p{L}+";
    private const string Upper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", Lower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";
    private const string SymbolsOrSlash = @" ?[^\s\p{L}\p{N}]+[\r\n/]*|" + Ends;

    private const string Gpt2 = PreTokenizers.Gpt2Splitter.Pattern;
    private const string Llama3 = English + "|" + Word + @"|\p{N}{1,3}|" + Symbols;
    private const string Qwen2 = English + "|" + Word + @"|\p{N}|" + Symbols;
    private const string Qwen35 = English + @"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|" + Ends;
    private const string Gpt4o = @"[^\r\n\p{L}\p{N}]?" + Upper + "*" + Lower + "+" + English + @"?|[^\r\n\p{L}\p{N}]?" + Upper + "+" + Lower + "*" + English + @"?|\p{N}{1,3}|" + SymbolsOrSlash;
    private const string Tekken = @"[^\r\n\p{L}\p{N}]?" + Upper + "*" + Lower + @"+|[^\r\n\p{L}\p{N}]?" + Upper + "+" + Lower + @"*|\p{N}|" + SymbolsOrSlash;
    private const string DeepSeek3 = @"[!""#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|" + Ends;
    private const string Bloom = @" ?[^(\s|.,!?\x{2026}\x{3002}\x{FF0C}\x{3001}\x{0964}\x{06D4}\x{060C})]+";
    private const string Kana = @"[\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+";
    private const string Jais2 = English + "|" + Word + @"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}";

    /// <summary>Every digit alone, in the words of tokenizer.json, and GPT-2's words.</summary>
    private bool HasSingleDigits { get; init; }

    /// <summary>The splitting of a name; null for a name that is not known here.</summary>
    public static GgufSplitting? Of(string name) => name switch
    {
        "default" => Plain(@"[\p{P}\$\+<=>\^~\|]+", Gpt2, @"\p{N}+", "[0-9][0-9][0-9]"),
        "gpt-2" or "gpt2" or "phi-2" or "jina-es" or "jina-de" or "jina-v1-en" or "jina-v2-es" or "jina-v2-de" or "jina-v2-code" or "roberta-bpe"
            or "gigachat" or "a.x-4.0" or "mellum" or "modern-bert" or "mpt" or "olmo" or "jais" or "trillion" or "granite-docling" or "exaone4" => Plain(Gpt2),
        "smollm" or "starcoder" or "refact" or "command-r" or "codeshell" or "exaone" or "minerva-7b" or "mellum2" => Plain(Gpt2) with { HasSingleDigits = true },
        "llama3" or "llama-v3" or "llama-bpe" or "falcon3" or "falcon-h1" or "pixtral" or "midm-2.0" or "lfm2" or "jina-v5-nano" => new(true, true, Llama3),
        "dbrx" or "smaug-bpe" or "chatglm-bpe" or "glm4" => Plain(Llama3),
        "qwen2" or "deepseek-r1-qwen" or "stablelm2" or "hunyuan" or "megrez" or "solar-open" or "grok-2" or "kormo" or "f2llmv2" => Plain(Qwen2),
        "qwen35" => Plain(Qwen35),
        "gpt-4o" or "llama4" or "kanana2" or "talkie" or "minimax-m2" => Plain(Gpt4o),
        "tiny_aya" or "cohere2moe" => Plain(@"\d{1,3}(?=(?:\d{3})*\b)", Gpt4o),
        "tekken" => new(true, true, Tekken),
        "deepseek-v3" or "hunyuan-dense" or "joyai-llm" or "hy_v4" => Plain(@"\p{N}{1,3}", Kana, DeepSeek3),
        "deepseek-coder" => Plain(@"[\r\n]", @"\s?\p{L}+", @"\s?\p{P}+", @"[\x{4E00}-\x{9FA5}\x{0800}-\x{4E00}\x{AC00}-\x{D7FF}]+", @"\p{N}"),
        "falcon" => Plain(@"[\p{P}\$\+<=>\^~\|`]+", Gpt2, "[0-9][0-9][0-9]"),
        "poro-chat" or "bloom" or "gpt3-finnish" => Plain(Bloom),
        "viking" => Plain(Bloom, @"\p{N}"),
        "jais-2" => Plain(Jais2),
        "bailingmoe" or "bailingmoe2" or "llada-moe" => Plain(@"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"),
        "seed-coder" => Plain(English + "|" + Word + @"|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|" + Ends),
        "ufakzeka" => Plain(Word + @"|\p{N}|" + Symbols),
        "laguna" => Plain(@"[^\n]+|[\n]+", Qwen2),
        "exaone-moe" => Plain(English + @"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+"),
        "minicpm5" => new(true, false, @"\p{N}{1,3}", English + "|" + Word + @"|\p{N}+|" + Symbols),
        _ => null,
    };

    /// <summary>The pre_tokenizer of tokenizer.json.</summary>
    public JsonNode PreTokenizer()
    {
        if (Patterns is [Gpt2])
            return HasSingleDigits ? Parts(TokenizerDocument.Part("""{"type":"Digits","individual_digits":true}"""), TokenizerDocument.ByteLetters(splits: true)) : TokenizerDocument.ByteLetters(splits: true);
        return Parts([.. Patterns.Select(TokenizerDocument.Split), TokenizerDocument.ByteLetters(splits: false)]);
    }

    private static GgufSplitting Plain(params string[] patterns) => new(false, false, patterns);

    private static JsonNode Parts(params JsonNode[] parts) => TokenizerDocument.Sequence("pretokenizers", parts)!;
}
