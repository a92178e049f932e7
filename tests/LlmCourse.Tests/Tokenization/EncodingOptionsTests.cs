using LlmCourse.Runtime;
using LlmCourse.Tokenization;

namespace LlmCourse.Tests.Tokenization;

public sealed class EncodingOptionsTests
{
    private readonly PretrainedTokenizer _tokenizer = TinyTokenizers.Words("""
        "truncation": {"max_length": 5, "stride": 1, "strategy": "LongestFirst", "direction": "Right"},
        "padding": {"strategy": "BatchLongest", "direction": "Left", "pad_to_multiple_of": 4, "pad_id": 0, "pad_type_id": 2, "pad_token": "<pad>"},
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": {"type": "BertProcessing", "cls": ["<unk>", 0], "sep": ["ab", 3]},
        """);

    [Fact]
    public void The_file_truncates_and_pads_only_when_asked()
    {
        Assert.Equal([0, 1, 1, 1, 1, 1, 1, 3], _tokenizer.Encode("a a a a a a").Ids);
        EncodedText encoded = _tokenizer.Encode("a b a b a b", null, _tokenizer.FileOptions);
        Assert.Equal([0, 0, 0, 0, 1, 2, 1, 3], encoded.Ids);
        Assert.Equal([0, 0, 0, 1, 1, 1, 1, 1], encoded.AttentionMask);
        Assert.Equal(2, encoded.Overflowing.Count);
        Assert.Equal([0, 0, 0, 0, 1, 2, 1, 3], encoded.Overflowing[0].Ids);
        Assert.Equal([0, 0, 0, 0, 0, 1, 2, 3], encoded.Overflowing[1].Ids);
    }

    [Fact]
    public void A_batch_is_padded_to_its_longest()
    {
        IReadOnlyList<EncodedText> rows = _tokenizer.EncodeBatch(["a", "a b a"], new EncodingOptions { AddSpecialTokens = false, Padding = new PaddingOptions { Id = 9 } });
        Assert.Equal([1, 9, 9], rows[0].Ids);
        Assert.Equal([1, 2, 1], rows[1].Ids);
        Assert.Equal([0, 1, 1], rows[0].SpecialTokensMask);
    }

    [Fact]
    public void The_longer_text_gives_way_first()
    {
        EncodingOptions options = new() { AddSpecialTokens = false, Truncation = new TruncationOptions { MaxLength = 5 } };
        Assert.Equal([0, 1, 1, 1, 1], _tokenizer.Encode("a", "b b b b b b", options).SequenceIds);
        Assert.Equal([0, 0, 1, 1, 1], _tokenizer.Encode("a a a a", "b b b b b b", options).SequenceIds);
        Assert.Equal([0, 0, 0, 1, 1], _tokenizer.Encode("a a a a", "b b b", options).SequenceIds);
        Assert.Empty(_tokenizer.Encode("a a a a a a", null, options).Overflowing);
    }

    [Fact]
    public void Padding_is_of_no_text_unless_it_was_not_noted_which_is_of_which()
    {
        EncodingOptions options = new() { Padding = new PaddingOptions { Length = 5, Id = 9, TypeId = 7, Token = "-", Side = Side.Left } };
        EncodedText encoded = _tokenizer.Encode("a", "b", options with { AddSpecialTokens = false });
        Assert.Equal([null, null, null, 0, 1], encoded.SequenceIds);
        Assert.Equal([null, null, null, 0, 0], encoded.WordIds);
        Assert.Equal([7, 7, 7, 0, 1], encoded.TypeIds);
        Assert.Equal(["-", "-", "-", "a", "b"], encoded.Tokens);
        Assert.Equal([(0, 0), (0, 0), (0, 0), (0, 1), (0, 1)], encoded.Offsets);
        Assert.Equal(encoded.Offsets, encoded.CodePointOffsets());
        // Without a post-processor nothing is noted of a single text: it is everything.
        Assert.Equal([0, 0, 0, 0, 0], TinyTokenizers.Words("").Encode("a", null, options).SequenceIds);
    }

    [Fact]
    public void A_template_may_have_a_text_twice()
    {
        PretrainedTokenizer tokenizer = TinyTokenizers.Words("""
            "pre_tokenizer": {"type": "WhitespaceSplit"},
            "post_processor": {"type": "TemplateProcessing",
              "single": [{"Sequence": {"id": "A", "type_id": 2}}, {"SpecialToken": {"id": "ab", "type_id": 4}}, {"Sequence": {"id": "A", "type_id": 3}}],
              "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
              "special_tokens": {"ab": {"id": "ab", "ids": [3], "tokens": ["ab"]}}},
            """);
        EncodedText encoded = tokenizer.Encode("a b");
        Assert.Equal([1, 2, 3, 1, 2], encoded.Ids);
        Assert.Equal([2, 2, 4, 3, 3], encoded.TypeIds);
        Assert.Equal([0, 0, 1, 0, 0], encoded.SpecialTokensMask);
        Assert.Equal(encoded.Ids, tokenizer.EncodeIds("a b"));
    }

    [Theory]
    [InlineData(1, 0, "max_length")]
    [InlineData(4, 2, "stride")]
    public void What_cannot_be_truncated_is_refused_by_name(int maxLength, int stride, string names)
    {
        EncodingOptions options = new() { Truncation = new TruncationOptions { MaxLength = maxLength, Stride = stride } };
        TokenizerException error = Assert.Throws<TokenizerException>(() => _tokenizer.Encode("a a a a a", null, options));
        Assert.Contains(names, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_text_that_must_give_way_must_be_long_enough()
    {
        EncodingOptions options = new() { Truncation = new TruncationOptions { MaxLength = 5, Strategy = TruncationStrategy.OnlySecond } };
        Assert.Throws<TokenizerException>(() => _tokenizer.Encode("a a a a a", null, options));
        Assert.Throws<TokenizerException>(() => _tokenizer.Encode("a a a a a", "b", options));
    }

    [Fact]
    public void What_Roberta_cuts_off_has_the_second_texts_type_unless_special_tokens_are_added()
    {
        PretrainedTokenizer roberta = TinyTokenizers.Words("""
            "pre_tokenizer": {"type": "WhitespaceSplit"},
            "post_processor": {"type": "RobertaProcessing", "cls": ["<unk>", 0], "sep": ["ab", 3], "trim_offsets": true, "add_prefix_space": false},
            """);
        EncodingOptions options = new() { AddSpecialTokens = false, KeepOverflow = true, Truncation = new TruncationOptions { MaxLength = 3, Strategy = TruncationStrategy.OnlySecond } };
        EncodedText plain = roberta.Encode("a a", "b b", options);
        Assert.Equal([0, 0, 0], plain.TypeIds);
        Assert.Equal([0, 0, 1], plain.Overflowing[0].TypeIds);
        EncodedText framed = roberta.Encode("a a", "b b", options with { AddSpecialTokens = true, Truncation = options.Truncation with { MaxLength = 7 } });
        Assert.Equal([0, 0, 0, 0, 0, 0, 0], framed.Overflowing[0].TypeIds); // cls a a sep sep b sep
    }

    [Theory]
    [InlineData(" a", 0, 2)] // one blank may have been added: it stays
    [InlineData("  a", 2, 3)] // two were not: both go
    public void Blanks_are_trimmed_from_the_first_tokens_offsets(string text, int start, int end)
    {
        PretrainedTokenizer tokenizer = TinyTokenizers.Words(
            """ "post_processor": {"type": "ByteLevel", "trim_offsets": true, "add_prefix_space": true, "use_regex": true}, """, """{"<unk>": 0, " a": 1, "  a": 2}""");
        Assert.Equal([(start, end)], tokenizer.Encode(text).Offsets);
    }

    [Fact]
    public void Options_out_of_range_are_refused_by_name()
    {
        Assert.Throws<ArgumentOutOfRangeException>("MaxLength", () => _tokenizer.Encode("a", null, new EncodingOptions { Truncation = new TruncationOptions { MaxLength = -1 } }));
        Assert.Throws<ArgumentOutOfRangeException>("Length", () => _tokenizer.Encode("a", null, new EncodingOptions { Padding = new PaddingOptions { Length = int.MaxValue } }));
        Assert.Contains("pad token", Assert.Throws<TokenizerException>(() => _tokenizer.Encode("a", null, new EncodingOptions { Padding = new PaddingOptions() })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Combinations_of_overflowing_parts_have_a_limit()
    {
        EncodingOptions options = new() { AddSpecialTokens = false, KeepOverflow = true, Truncation = new TruncationOptions { MaxLength = 2 } };
        string text = string.Concat(Enumerable.Repeat("a ", 1000));
        Assert.Throws<TokenizerException>(() => _tokenizer.Encode(text, text, options));
        Assert.Equal(2, _tokenizer.Encode(text, text, options with { KeepOverflow = false }).Ids.Count);
    }
}
