using System.Text.Json;
using LlmCourse.Tokenization;

namespace LlmCourse.Tests.Tokenization;

/// <summary>Tokenizer files with a handful of tokens, one of each kind.</summary>
internal static class TinyTokenizers
{
    /// <summary>Byte-level BPE over all bytes, with merges for "hello" and " world" and a special token.</summary>
    public static string ByteLevelJson { get; } = MakeByteLevel();

    public const string WordPieceJson = """
        {
          "added_tokens": [
            {"id": 0, "content": "[PAD]", "special": true}, {"id": 1, "content": "[UNK]", "special": true},
            {"id": 2, "content": "[CLS]", "special": true}, {"id": 3, "content": "[SEP]", "special": true}],
          "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
          "pre_tokenizer": {"type": "BertPreTokenizer"},
          "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
          "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
          "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 10,
            "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "cafe": 4, "un": 5, "##aff": 6, "##able": 7, "!": 8, "中": 9, "a": 10}}
        }
        """;

    public const string UnigramJson = """
        {
          "added_tokens": [{"id": 0, "content": "<unk>", "special": true}, {"id": 1, "content": "</s>", "special": true}],
          "pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true},
          "post_processor": {"type": "TemplateProcessing",
            "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
            "special_tokens": {"</s>": {"id": "</s>", "ids": [1], "tokens": ["</s>"]}}},
          "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true},
          "model": {"type": "Unigram", "unk_id": 0, "byte_fallback": false,
            "vocab": [["<unk>", 0], ["</s>", 0], ["▁", -2], ["a", -1.5], ["b", -1.5], ["ab", -2], ["▁ab", -2.5], ["c", -4]]}
        }
        """;

    /// <summary>Llama 2's kind: a visible blank in front, bytes for what is unknown.</summary>
    public static string LlamaJson { get; } = MakeLlama();

    public static PretrainedTokenizer ByteLevel() => PretrainedTokenizer.FromJson(ByteLevelJson);

    public static PretrainedTokenizer WordPiece() => PretrainedTokenizer.FromJson(WordPieceJson);

    public static PretrainedTokenizer Unigram() => PretrainedTokenizer.FromJson(UnigramJson);

    public static PretrainedTokenizer Llama() => PretrainedTokenizer.FromJson(LlamaJson);

    /// <summary>A file whose words are single characters, with other sections as given.</summary>
    public static PretrainedTokenizer Words(string sections, string vocab = """{"<unk>": 0, "a": 1, "b": 2, "ab": 3}""") =>
        PretrainedTokenizer.FromJson($$"""{ {{sections}} "model": {"type": "WordLevel", "vocab": {{vocab}}, "unk_token": "<unk>"} }""");

    private static string MakeByteLevel()
    {
        string[] letters = [.. Enumerable.Range(0, 256).Select(value => LlmCourse.Tokenization.Text.ByteLetters.Letter((byte)value).ToString())];
        string[] words = ["he", "ll", "hell", "hello", "Ġw", "or", "Ġwor", "ld", "Ġworld"];
        string[] merges = ["h e", "l l", "he ll", "hell o", "Ġ w", "o r", "Ġw or", "l d", "Ġwor ld"];
        Dictionary<string, int> vocab = letters.Concat(words).Select((token, id) => (token, id)).ToDictionary(item => item.token, item => item.id);
        return JsonSerializer.Serialize(new
        {
            version = "1.0",
            added_tokens = new[] { new { id = vocab.Count, content = "<|end|>", special = true } },
            pre_tokenizer = new { type = "ByteLevel", add_prefix_space = false, trim_offsets = true, use_regex = true },
            decoder = new { type = "ByteLevel" },
            model = new { type = "BPE", vocab, merges },
        });
    }

    private static string MakeLlama()
    {
        string[] pieces = ["<unk>", "<s>", "</s>", .. Enumerable.Range(0, 256).Select(value => $"<0x{value:X2}>"), "▁", "a", "b", "▁a", "ab", "▁ab"];
        Dictionary<string, int> vocab = pieces.Select((token, id) => (token, id)).ToDictionary(item => item.token, item => item.id);
        return JsonSerializer.Serialize(new
        {
            added_tokens = new[] { new { id = 1, content = "<s>", special = true }, new { id = 2, content = "</s>", special = true } },
            normalizer = new { type = "Sequence", normalizers = new object[] { new { type = "Prepend", prepend = "▁" }, new { type = "Replace", pattern = new { String = " " }, content = "▁" } } },
            decoder = new
            {
                type = "Sequence",
                decoders = new object[]
                {
                    new { type = "Replace", pattern = new { String = "▁" }, content = " " }, new { type = "ByteFallback" }, new { type = "Fuse" },
                    new { type = "Strip", content = " ", start = 1, stop = 0 },
                },
            },
            model = new { type = "BPE", unk_token = "<unk>", fuse_unk = true, byte_fallback = true, vocab, merges = new[] { "▁ a", "a b", "▁a b" } },
        });
    }
}
