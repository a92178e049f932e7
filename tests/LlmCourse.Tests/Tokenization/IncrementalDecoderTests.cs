using LlmCourse.Tokenization;

namespace LlmCourse.Tests.Tokenization;

public sealed class IncrementalDecoderTests
{
    [Fact]
    public void A_character_comes_out_whole()
    {
        PretrainedTokenizer tokenizer = TinyTokenizers.ByteLevel();
        IncrementalDecoder decoder = new(tokenizer);
        string?[] pieces = [.. tokenizer.EncodeIds("a😀é").Select(decoder.Push)];
        Assert.Equal(new string?[] { "a", null, null, null, "😀", null, "é" }, pieces);
        Assert.Equal("", decoder.Flush());
        Assert.Throws<InvalidOperationException>(() => decoder.Push(97));
    }

    [Fact]
    public void An_unfinished_character_comes_out_at_the_end()
    {
        IncrementalDecoder decoder = new(TinyTokenizers.ByteLevel());
        Assert.Null(decoder.Push(0xF0));
        Assert.Null(decoder.Push(0x9F));
        Assert.Equal("\uFFFD", decoder.Flush());
        Assert.Equal("", decoder.Flush());
    }

    [Fact]
    public void A_run_of_bytes_waits_for_its_end()
    {
        PretrainedTokenizer tokenizer = TinyTokenizers.Llama();
        int a = tokenizer.TokenToId("▁a")!.Value;
        IncrementalDecoder decoder = new(tokenizer);
        Assert.Equal(["a", null, null, "é a"], new[] { a, 3 + 0xC3, 3 + 0xA9, a }.Select(decoder.Push));
        // A stray byte spoils the whole run, which must not have been shown before.
        Assert.Equal([null, null, null], new[] { 3 + 0xC3, 3 + 0xA9, 3 + 0xFF }.Select(decoder.Push));
        Assert.Equal("\uFFFD\uFFFD\uFFFD", decoder.Flush());
    }

    [Fact]
    public void The_prompt_counts_but_is_not_given_out()
    {
        PretrainedTokenizer tokenizer = TinyTokenizers.Llama();
        int a = tokenizer.TokenToId("▁a")!.Value;
        Assert.Equal("a", new IncrementalDecoder(tokenizer).Push(a));
        Assert.Equal(" a", new IncrementalDecoder(tokenizer, prompt: [1, a]).Push(a));
    }

    [Fact]
    public void Random_ids_give_what_decoding_all_of_them_gives()
    {
        Random random = new(11);
        foreach (PretrainedTokenizer tokenizer in (PretrainedTokenizer[])[TinyTokenizers.ByteLevel(), TinyTokenizers.WordPiece(), TinyTokenizers.Unigram(), TinyTokenizers.Llama()])
        {
            for (int round = 0; round < 200; round++)
            {
                int[] ids = [.. Enumerable.Range(0, random.Next(12)).Select(_ => random.Next(tokenizer.VocabularySize + 3))];
                bool skips = random.Next(2) == 0;
                IncrementalDecoder decoder = new(tokenizer, skips);
                string joined = string.Concat(ids.Select(decoder.Push)) + decoder.Flush();
                Assert.Equal(tokenizer.Decode(ids, skips), joined);
            }
        }
    }
}
