using LlmCourse.Runtime;
using LlmCourse.Tests.Checkpoints;
using LlmCourse.Tokenization;
using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tests.Tokenization;

public sealed class GgufVocabularyTests
{
    private static Dictionary<string, object> Llama() => new()
    {
        ["tokenizer.ggml.model"] = "llama",
        ["tokenizer.ggml.tokens"] = new[] { "<unk>", "<s>", "</s>", "▁", "a", "b", "ab", "▁a", "<0xC3>", "<0xA9>" },
        ["tokenizer.ggml.scores"] = new[] { 0f, 0f, 0f, -9f, -9f, -9f, -1f, -2f, 0f, 0f },
        ["tokenizer.ggml.token_type"] = new[] { 2, 3, 3, 1, 1, 1, 1, 1, 6, 6 },
        ["tokenizer.ggml.bos_token_id"] = 1u,
        ["tokenizer.ggml.eos_token_id"] = 2u,
        ["tokenizer.chat_template"] = "{{ x }}",
    };

    private static Dictionary<string, object> Gpt2(string pre)
    {
        string[] bytes = [.. Enumerable.Range(0, 256).Select(value => ByteLetters.Letter((byte)value).ToString())];
        return new()
        {
            ["tokenizer.ggml.model"] = "gpt2",
            ["tokenizer.ggml.pre"] = pre,
            ["tokenizer.ggml.tokens"] = bytes.Concat(["ĠĠ", "12", "123", "<eot>"]).Cast<object>().ToList(),
            ["tokenizer.ggml.token_type"] = Enumerable.Repeat(1, 259).Append(3).ToArray(),
            ["tokenizer.ggml.merges"] = new[] { "Ġ Ġ", "1 2", "12 3" },
            ["tokenizer.ggml.bos_token_id"] = 259u,
            ["tokenizer.ggml.add_bos_token"] = true,
        };
    }

    [Fact]
    public void The_merges_follow_from_the_scores()
    {
        PretrainedTokenizer tokenizer = PretrainedTokenizer.FromGguf(Llama());
        EncodedText encoded = tokenizer.Encode("ab aé</s>");
        Assert.Equal(["<s>", "▁", "ab", "▁a", "<0xC3>", "<0xA9>", "</s>"], encoded.Tokens);
        Assert.Equal("ab aé", tokenizer.Decode(encoded.Ids, skipSpecialTokens: true));
        Assert.Equal((1, 2, "{{ x }}"), (tokenizer.BosId, tokenizer.EosId, tokenizer.ChatTemplate));
    }

    [Fact]
    public void A_file_may_want_no_blank_in_front_and_an_end_token()
    {
        Dictionary<string, object> metadata = Llama();
        metadata["tokenizer.ggml.add_space_prefix"] = false;
        metadata["tokenizer.ggml.add_bos_token"] = false;
        metadata["tokenizer.ggml.add_eos_token"] = true;
        PretrainedTokenizer tokenizer = PretrainedTokenizer.FromGguf(metadata);
        Assert.Equal(["ab", "</s>"], tokenizer.Encode("ab").Tokens);
        Assert.Equal(" ab", tokenizer.Decode(tokenizer.EncodeIds(" ab", false)));
    }

    [Theory]
    [InlineData("gpt-2", "<eot>|Ġ|Ġ|123")]
    [InlineData("smollm", "<eot>|ĠĠ|1|2|3")]
    [InlineData("llama-bpe", "<eot>|Ġ|Ġ|123")]
    [InlineData("qwen2", "<eot>|Ġ|Ġ|1|2|3")]
    [InlineData("tekken", "<eot>|Ġ|Ġ|1|2|3")]
    [InlineData("gpt-4o", "<eot>|Ġ|Ġ|123")]
    [InlineData("deepseek-coder", "<eot>|ĠĠ|1|2|3")]
    [InlineData("falcon", "<eot>|Ġ|Ġ|123")]
    [InlineData("viking", "<eot>|Ġ|Ġ|1|2|3")]
    [InlineData("default", "<eot>|Ġ|Ġ|123")]
    public void The_splitting_has_a_name(string pre, string tokens) =>
        Assert.Equal(tokens, string.Join('|', PretrainedTokenizer.FromGguf(Gpt2(pre)).Encode("  123").Tokens));

    [Fact]
    public void T5_is_unigram_and_ends_texts()
    {
        Dictionary<string, object> metadata = new()
        {
            ["tokenizer.ggml.model"] = "t5",
            ["tokenizer.ggml.tokens"] = new[] { "<pad>", "</s>", "<unk>", "▁", "a", "b", "▁ab" },
            ["tokenizer.ggml.scores"] = new[] { 0f, 0f, 0f, -2f, -3f, -3f, -4f },
            ["tokenizer.ggml.token_type"] = new[] { 3, 3, 2, 1, 1, 1, 1 },
            ["tokenizer.ggml.eos_token_id"] = 1u,
            ["tokenizer.ggml.remove_extra_whitespaces"] = true,
        };
        PretrainedTokenizer tokenizer = PretrainedTokenizer.FromGguf(metadata);
        Assert.Equal(["▁ab", "▁", "b", "</s>"], tokenizer.Encode(" ab  b ").Tokens);
        Assert.Equal([2], tokenizer.Encode("é", addSpecialTokens: false).Ids.Skip(1));
        metadata["tokenizer.ggml.precompiled_charsmap"] = new[] { 1, 2 };
        Assert.Contains("charsmap", Assert.Throws<TokenizerException>(() => PretrainedTokenizer.FromGguf(metadata)).Message, StringComparison.Ordinal);
        metadata["tokenizer.ggml.precompiled_charsmap"] = new byte[] { 1, 2 };
        Assert.Contains("charsmap", Assert.Throws<TokenizerException>(() => PretrainedTokenizer.FromGguf(metadata)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bert_s_words_have_their_marks_turned_round()
    {
        Dictionary<string, object> metadata = new()
        {
            ["tokenizer.ggml.model"] = "bert",
            ["tokenizer.ggml.tokens"] = new[] { "[PAD]", "[UNK]", "[CLS]", "[SEP]", "▁un", "able", "[unused0]", "▁é" },
            ["tokenizer.ggml.token_type"] = new[] { 3, 3, 3, 3, 1, 1, 1, 1 },
            ["tokenizer.ggml.cls_token_id"] = 2u,
            ["tokenizer.ggml.seperator_token_id"] = 3u,
            ["tokenizer.ggml.unknown_token_id"] = 1u,
        };
        PretrainedTokenizer tokenizer = PretrainedTokenizer.FromGguf(metadata);
        EncodedText encoded = tokenizer.Encode("Unable able", "un");
        Assert.Equal(["[CLS]", "un", "##able", "[UNK]", "[SEP]", "un", "[SEP]"], encoded.Tokens);
        Assert.Equal([0, 0, 0, 0, 0, 1, 1], encoded.TypeIds);
        Assert.Equal("unable", tokenizer.Decode(tokenizer.EncodeIds("unable"), skipSpecialTokens: true));
        metadata["tokenizer.ggml.normalizer.lowercase"] = false;
        Assert.Equal(["[CLS]", "[UNK]", "é", "[SEP]"], PretrainedTokenizer.FromGguf(metadata).Encode("Un é").Tokens);
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("smollm")]
    [InlineData("llama-bpe")]
    [InlineData("gpt-4o")]
    public void Saved_and_loaded_again_it_is_the_same_tokenizer(string kind)
    {
        using TemporaryFolder folder = new();
        PretrainedTokenizer made = PretrainedTokenizer.FromGguf(kind == "llama" ? Llama() : Gpt2(kind));
        made.Save(folder.Path);
        PretrainedTokenizer loaded = PretrainedTokenizer.Load(folder.Path);
        foreach (string text in (string[])["", "ab aé</s>b", "  123 <eot>ab\n"])
        {
            EncodedText want = made.Encode(text, text), got = loaded.Encode(text, text);
            Assert.Equal(want.Ids, got.Ids);
            Assert.Equal(want.Offsets, got.Offsets);
            Assert.Equal(want.TypeIds, got.TypeIds);
            Assert.Equal(made.Decode(want.Ids), loaded.Decode(got.Ids));
        }

        Assert.Equal((made.SpecialTokens, made.ChatTemplate, false), (loaded.SpecialTokens, loaded.ChatTemplate, loaded.CleansUpSpaces));
    }

    [Fact]
    public void What_is_not_supported_or_does_not_fit_is_named()
    {
        Assert.Equal("tokenizer.ggml.pre kimi-k2", Assert.Throws<TokenizerException>(() => PretrainedTokenizer.FromGguf(Gpt2("kimi-k2"))).UnsupportedPart);
        Fails(metadata => metadata.Remove("tokenizer.ggml.model"), "model");
        Fails(metadata => metadata["tokenizer.ggml.model"] = "rwkv", "rwkv");
        Fails(metadata => metadata.Remove("tokenizer.ggml.scores"), "scores");
        Fails(metadata => metadata["tokenizer.ggml.token_type"] = new[] { 1 }, "token_type");
        Fails(metadata => metadata["tokenizer.ggml.bos_token_id"] = 99u, "bos_token_id");
        Fails(metadata => metadata["tokenizer.ggml.tokens"] = 5, "tokens");
        Fails(metadata => ((string[])metadata["tokenizer.ggml.tokens"])[7] = "ab", "'ab' twice");
        Fails(metadata => metadata["tokenizer.ggml.eos_token_id"] = ulong.MaxValue, "eos_token_id");
    }

    private static void Fails(Action<Dictionary<string, object>> change, string names)
    {
        Dictionary<string, object> metadata = Llama();
        change(metadata);
        Assert.Contains(names, Assert.Throws<TokenizerException>(() => PretrainedTokenizer.FromGguf(metadata)).Message, StringComparison.Ordinal);
    }
}
