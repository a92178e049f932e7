using System.Text;
using System.Text.Json;
using LlmCourse.Runtime;
using LlmCourse.Tests.Checkpoints;
using LlmCourse.Tokenization;

namespace LlmCourse.Tests.Tokenization;

public sealed class SentencePieceModelTests : IDisposable
{
    private const string T5 = """{"tokenizer_class":"T5Tokenizer","extra_ids":2,"eos_token":"</s>"}""";
    private const string Llama = """{"tokenizer_class":"LlamaTokenizer"}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void T5_ends_texts_and_has_tokens_beyond_the_file_the_last_first()
    {
        PretrainedTokenizer tokenizer = Load(SentencePieceBytes.Unigram(), T5);
        // ▁ab (-4) beats ▁ a b (-8); b alone stands behind its blank: ▁ b.
        Assert.Equal(["▁ab", "▁", "b", "</s>"], tokenizer.Encode("  ab   b ").Tokens);
        Assert.Equal((9, 8), (tokenizer.TokenToId("<extra_id_0>"), tokenizer.TokenToId("<extra_id_1>")));
        Assert.Equal(["▁ab", "<extra_id_0>", "▁", "b", "</s>"], tokenizer.Encode("ab<extra_id_0>b").Tokens);
        Assert.Equal([0, 0, 0, 0], tokenizer.Encode("ab", "ab").TypeIds);
        Assert.Equal(["<x>", "▁", "a"], tokenizer.Encode("<x>a", addSpecialTokens: false).Tokens);
        Assert.Equal("ab b", tokenizer.Decode(tokenizer.EncodeIds("ab b"), skipSpecialTokens: true));
        Assert.Equal(10, tokenizer.VocabularySize);
    }

    [Fact]
    public void Llama_merges_by_score_falls_back_to_bytes_and_keeps_blanks()
    {
        PretrainedTokenizer tokenizer = Load(SentencePieceBytes.Bpe(), Llama);
        // "ab" (-1) is merged before "▁a" (-2).
        Assert.Equal(["<s>", "▁", "ab", "▁", "▁", "<0xC3>", "<0xA9>"], tokenizer.Encode("ab  é").Tokens);
        Assert.Equal("ab  é", tokenizer.Decode(tokenizer.EncodeIds("ab  é"), skipSpecialTokens: true));
        Assert.Equal((1, 2, 0), (tokenizer.BosId, tokenizer.EosId, tokenizer.UnkId));
    }

    [Theory]
    [InlineData("""{"tokenizer_class":"LlamaTokenizerFast","add_bos_token":false,"add_eos_token":true}""", "▁ ab </s> ▁ ab </s>")]
    [InlineData("""{"tokenizer_class":"LlamaTokenizer","legacy":false}""", "<s> ▁ ab </s> ab")]
    [InlineData("""{}""", "<s> ▁ ab </s> ▁ ab")]
    public void The_configuration_says_what_stands_around_a_text(string config, string tokens) =>
        Assert.Equal(tokens, string.Join(' ', Load(SentencePieceBytes.Bpe(), config).Encode("ab</s>ab").Tokens));

    [Fact]
    public void The_normalizer_s_switches_are_honoured()
    {
        byte[][] none = [SentencePieceBytes.Number(3, 0), SentencePieceBytes.Number(4, 0)];
        PretrainedTokenizer plain = Load(SentencePieceBytes.Bpe(none), """{"tokenizer_class":"GemmaTokenizer"}""");
        Assert.Equal(["<s>", "ab", "▁", "▁", "b"], plain.Encode("ab  b").Tokens);
        Assert.Equal(" ab", plain.Decode(plain.EncodeIds(" ab", addSpecialTokens: false)));
        PretrainedTokenizer dropping = Load(SentencePieceBytes.Bpe(SentencePieceBytes.Number(3, 1)), Llama); // remove_extra_whitespaces is on where it is not said
        Assert.Equal(["<s>", "▁", "ab", "▁", "b"], dropping.Encode("  ab   b ").Tokens);
        PretrainedTokenizer unprefixed = Load(SentencePieceBytes.Unigram(SentencePieceBytes.Number(3, 0)), T5);
        Assert.Equal(["a", "b", "▁", "b", "</s>"], unprefixed.Encode(" ab  b").Tokens);
    }

    [Fact]
    public void Saved_and_loaded_again_it_is_the_same()
    {
        PretrainedTokenizer made = Load(SentencePieceBytes.Unigram(), T5);
        made.Save(_folder["copy"]);
        PretrainedTokenizer again = PretrainedTokenizer.Load(_folder["copy"]);
        Assert.Equal(made.EncodeIds("ab<extra_id_1> b"), again.EncodeIds("ab<extra_id_1> b"));
        Assert.True(PretrainedTokenizer.Exists(_folder["copy"]));
    }

    [Fact]
    public void Added_tokens_have_a_file_of_their_own()
    {
        File.WriteAllText(_folder["added_tokens.json"], """{"<|im_start|>": 10, "new": 11}""");
        PretrainedTokenizer tokenizer = Load(SentencePieceBytes.Bpe(), """{"tokenizer_class":"LlamaTokenizer","additional_special_tokens":["<|im_start|>"]}""");
        Assert.Equal([1, 10, 7, 5, 11], tokenizer.EncodeIds("<|im_start|>ab new"));
        Assert.False(tokenizer.AddedTokens.Single(token => token.Id == 11).IsSpecial);
    }

    [Theory]
    [InlineData("XLNetTokenizer")]
    [InlineData("PegasusTokenizer")]
    [InlineData(null)]
    public void A_numbering_that_the_file_does_not_tell_is_refused(string? name)
    {
        TokenizerException error = Assert.Throws<TokenizerException>(() => Load(SentencePieceBytes.Unigram(), name is null ? "{}" : $$"""{"tokenizer_class":"{{name}}"}"""));
        Assert.Equal("SentencePiece", error.UnsupportedPart);
        Assert.Contains(name ?? "tokenizer_class", error.Message, StringComparison.Ordinal);
        Assert.Contains("save_pretrained", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_that_are_not_supported_are_named()
    {
        Fails(SentencePieceBytes.Model(3, [("a", 0, 1)], [], []), "word");
        Fails(SentencePieceBytes.Model(1, [("a", 0, 1)], [SentencePieceBytes.Number(24, 1)], []), "treat_whitespace_as_suffix");
        Fails(SentencePieceBytes.Bpe(SentencePieceBytes.Number(5, 0)), "escape_whitespaces");
        Fails([.. SentencePieceBytes.Bpe(), .. SentencePieceBytes.Message(5, SentencePieceBytes.Bytes(2, [1]))], "denormalizer_spec");
    }

    [Fact]
    public void Damaged_files_are_refused_by_name()
    {
        byte[] good = SentencePieceBytes.Bpe();
        Fails(good[..^3], "promised");
        Fails("version https://git-lfs.github.com/spec/v1"u8.ToArray(), "spiece.model");
        Fails([], "no pieces");
        Fails([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01], "promised");
        Fails([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], "ten bytes");
        Fails(SentencePieceBytes.Message(1, SentencePieceBytes.Bytes(1, [0xff])), "UTF-8");
        Fails(SentencePieceBytes.Model(1, [("a", float.NaN, 1)], [], []), "piece 0");
        Fails(SentencePieceBytes.Model(1, [("a", 0, 9)], [], []), "type 9");
        Fails(SentencePieceBytes.Model(1, [("a", 0, 1), ("a", 0, 1)], [], []), "twice");
        Fails(SentencePieceBytes.Model(1, [("a", 0, 1)], [SentencePieceBytes.Number(41, 7)], []), "bos_id");
    }

    private void Fails(byte[] model, string says)
    {
        string message = Assert.Throws<TokenizerException>(() => Load(model, T5)).Message;
        Assert.Contains(says, message, StringComparison.Ordinal);
    }

    private PretrainedTokenizer Load(byte[] model, string config)
    {
        _folder.Write("spiece.model", model);
        File.WriteAllText(_folder["tokenizer_config.json"], config, Encoding.UTF8);
        return PretrainedTokenizer.Load(_folder.Path);
    }
}
