using LlmCourse.Tokenization;

namespace LlmCourse.Tests.Tokenization;

/// <summary>What the files beside tokenizer.json do to its tokens.</summary>
public sealed class TokenizerConfigTests
{
    private const string Json = """
        {
          "added_tokens": [{"id": 0, "content": "<unk>", "special": true}, {"id": 1, "content": "<s>", "lstrip": true}],
          "model": {"type": "WordLevel", "vocab": {"<unk>": 0, "<s>": 1, "a": 2, "b": 3}, "unk_token": "<unk>"}
        }
        """;

    private static AddedToken[] Tokens(string config, string? map = null) => [.. PretrainedTokenizer.FromJson(Json, config, map).AddedTokens];

    [Fact]
    public void A_named_token_is_special_and_in_the_vocabulary()
    {
        AddedToken[] tokens = Tokens("""{"bos_token": "<s>", "pad_token": "[PAD]", "eos_token": "a"}""");
        Assert.Equal(["<unk>", "<s>", "a", "[PAD]"], tokens.Select(token => token.Content));
        Assert.Equal([0, 1, 2, 4], tokens.Select(token => token.Id)); // "a" has the model's id, "[PAD]" the next free one
        Assert.All(tokens, token => Assert.True(token.IsSpecial));
        Assert.True(tokens[1].TakesLeft); // its flags stay
        Assert.Equal(4, PretrainedTokenizer.FromJson(Json, """{"pad_token": "[PAD]"}""").PadId);
    }

    [Fact]
    public void Further_special_tokens_are_added_where_they_are_missing()
    {
        AddedToken[] tokens = Tokens("""{"extra_special_tokens": ["<s>", "<x>"]}""", """{"additional_special_tokens": [{"content": "<y>", "rstrip": true}]}""");
        Assert.Equal(["<unk>", "<s>", "<x>", "<y>"], tokens.Select(token => token.Content));
        Assert.Equal([true, false, true, true], tokens.Select(token => token.IsSpecial)); // "<s>" is there, and stays what it is
        Assert.True(tokens[3].TakesRight);
        Assert.True(Tokens("""{"extra_special_tokens": {"image_token": "<s>"}}""")[1].IsSpecial); // unless it has a name
    }

    [Fact]
    public void The_flags_of_added_tokens_decoder_count_more_but_special_stays_special()
    {
        AddedToken[] tokens = Tokens("""{"added_tokens_decoder": {"0": {"content": "<unk>", "rstrip": true, "special": false}, "1": {"content": "<s>"}, "2": {"content": "a", "special": true}}}""");
        Assert.Equal([true, false, true], tokens.Select(token => token.IsSpecial));
        Assert.True(tokens[0].TakesRight);
        Assert.False(tokens[1].TakesLeft);
    }

    [Fact]
    public void The_map_names_tokens_where_there_is_no_added_tokens_decoder()
    {
        const string map = """{"bos_token": "b"}""";
        Assert.Equal("b", PretrainedTokenizer.FromJson(Json, """{"bos_token": "a"}""", map).SpecialTokens.Bos);
        Assert.Equal("a", PretrainedTokenizer.FromJson(Json, """{"bos_token": "a", "added_tokens_decoder": {}}""", map).SpecialTokens.Bos);
    }
}
