using System.Text;
using LlmCourse.Runtime;
using LlmCourse.Tokenization;

namespace LlmCourse.Tests.Tokenization;

public sealed class TokenizerJsonTests
{
    private const string Model = """ "model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"} """;

    [Theory]
    [InlineData("", "JSON")]
    [InlineData("[]", "object")]
    [InlineData("{}", "model")]
    [InlineData("""{"version": "2.0"}""", "version")]
    [InlineData("""{"model": {"type": "Wordy"} }""", "Wordy")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": -1}, "merges": []} }""", "['a']")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0, "b": 0}, "merges": []} }""", "'b'")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": ["a b"]} }""", "'ab'")]
    [InlineData("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [], "dropout": 0.1} }""", "dropout")]
    [InlineData("""{"model": {"type": "Unigram", "vocab": [["a", 1e999]]} }""", "number")]
    [InlineData("""{"model": {"type": "Unigram", "vocab": [["a", 0]], "unk_id": 1} }""", "unk_id")]
    [InlineData("""{"model": {"type": "WordLevel", "vocab": {"\ud800": 0}, "unk_token": "a"} }""", "Unicode")]
    [InlineData("""{"normalizer": {"type": "Uppercase"}, """ + Model + "}", "Uppercase")]
    [InlineData("""{"normalizer": {"type": "Precompiled", "precompiled_charsmap": "AAAA"}, """ + Model + "}", "precompiled_charsmap")]
    [InlineData("""{"pre_tokenizer": {"type": "FixedLength", "length": 0}, """ + Model + "}", "length")]
    [InlineData("""{"pre_tokenizer": {"type": "Metaspace", "replacement": "__"}, """ + Model + "}", "replacement")]
    [InlineData("""{"post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "[X]", "type_id": 0}}], "pair": [], "special_tokens": {} }, """ + Model + "}", "[X]")]
    [InlineData("""{"post_processor": {"type": "Sequence", "processors": [{"type": "BertProcessing", "cls": ["a", 0], "sep": ["a", 0]}, {"type": "BertProcessing", "cls": ["a", 0], "sep": ["a", 0]}]}, """ + Model + "}", "Sequence")]
    [InlineData("""{"decoder": {"type": "Strip", "content": "ab", "start": 0, "stop": 0}, """ + Model + "}", "content")]
    [InlineData("""{"padding": {"strategy": {"Fixed": 1000000000000}, "direction": "Left", "pad_id": 0, "pad_type_id": 0, "pad_token": "a"}, """ + Model + "}", "Fixed")]
    [InlineData("""{"truncation": {"max_length": 2, "strategy": "longest_first", "stride": 0}, """ + Model + "}", "longest_first")]
    public void A_fault_is_named(string json, string names) =>
        Assert.Contains(names, Assert.Throws<TokenizerException>(() => PretrainedTokenizer.FromJson(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void An_unknown_part_is_told_from_a_broken_one()
    {
        TokenizerException error = Assert.Throws<TokenizerException>(() => PretrainedTokenizer.FromJson("""{"decoder": {"type": "Joiner"}, """ + Model + "}"));
        Assert.Equal("decoder Joiner", error.UnsupportedPart);
        Assert.Null(Assert.Throws<TokenizerException>(() => PretrainedTokenizer.FromJson("{}")).UnsupportedPart);
    }

    [Fact]
    public void Deep_nesting_is_an_error()
    {
        string deep = string.Concat(Enumerable.Repeat("[", 5000));
        Assert.Throws<TokenizerException>(() => PretrainedTokenizer.FromJson(deep));
    }

    [Fact]
    public void An_old_file_does_not_name_the_models_type()
    {
        Assert.Equal([1], PretrainedTokenizer.FromJson("""{"model": {"vocab": {"a": 0, "ab": 1, "b": 2}, "merges": [["a", "b"]]} }""").EncodeIds("ab"));
        Assert.Equal([0], PretrainedTokenizer.FromJson("""{"model": {"vocab": [["a", -1]], "unk_id": null} }""").EncodeIds("a"));
    }

    [Fact]
    public void A_missing_unknown_token_is_an_error_when_it_is_needed()
    {
        // "a" and "b" are no pieces, so that each would be unknown alone, although "ab" is one.
        PretrainedTokenizer unigram = PretrainedTokenizer.FromJson("""{"model": {"type": "Unigram", "unk_id": null, "vocab": [["ab", -1.0]]} }""");
        Assert.Contains("unk_id", Assert.Throws<TokenizerException>(() => unigram.EncodeIds("ab")).Message, StringComparison.Ordinal);
        PretrainedTokenizer tokenizer = PretrainedTokenizer.FromJson("""{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [], "unk_token": "<unk>"} }""");
        Assert.Equal([0], tokenizer.EncodeIds("a"));
        Assert.Contains("<unk>", Assert.Throws<TokenizerException>(() => tokenizer.EncodeIds("b")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_mutation_either_loads_or_is_a_tokenizer_error() => Mutate(rounds: 400, seed: 1);

    [Fact]
    [Trait("Category", "Long")]
    public void Many_mutations_either_load_or_are_tokenizer_errors() => Mutate(rounds: 20_000, seed: 2);

    private static void Mutate(int rounds, int seed)
    {
        string[] files = [TinyTokenizers.ByteLevelJson, TinyTokenizers.WordPieceJson, TinyTokenizers.UnigramJson, TinyTokenizers.LlamaJson];
        string[] values = ["null", "true", "-1", "0", "1e9", "4294967296", "1.5", "\"\"", "\"a\"", "[]", "{}", "[[]]", "{\"type\":\"Sequence\"}", "\"\\ud800\"", "\"(a*)*\""];
        Random random = new(seed);
        for (int round = 0; round < rounds; round++)
        {
            StringBuilder json = new(files[random.Next(files.Length)]);
            for (int edits = random.Next(1, 4); edits > 0; edits--)
            {
                int at = random.Next(json.Length);
                switch (random.Next(5))
                {
                    case 0:
                        json[at] = (char)random.Next(32, 127);
                        break;
                    case 1:
                        json.Remove(at, Math.Min(random.Next(1, 20), json.Length - at));
                        break;
                    case 2:
                        json.Insert(at, values[random.Next(values.Length)]);
                        break;
                    default:
                        // A value in the place of another keeps most files readable, so that the parts see it.
                        string text = json.ToString();
                        int colon = text.IndexOf(':', at);
                        int end = colon < 0 ? -1 : text.AsSpan(colon).IndexOfAny(",}");
                        if (end > 0)
                            json.Remove(colon + 1, end - 1).Insert(colon + 1, values[random.Next(values.Length)]);
                        break;
                }
            }

            try
            {
                PretrainedTokenizer tokenizer = PretrainedTokenizer.FromJson(json.ToString());
                EncodedText encoded = tokenizer.Encode("Hello ab ünaffable é<|end|> 中 world", "a b", tokenizer.FileOptions);
                tokenizer.Decode(encoded.Ids);
                encoded.CodePointOffsets();
            }
            catch (TokenizerException)
            {
            }
        }
    }
}
