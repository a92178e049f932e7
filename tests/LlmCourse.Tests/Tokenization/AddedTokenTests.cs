using LlmCourse.Runtime;
using LlmCourse.Tokenization;

namespace LlmCourse.Tests.Tokenization;

public sealed class AddedTokenTests
{
    private static PretrainedTokenizer With(string tokens) =>
        TinyTokenizers.Words($$""" "added_tokens": [{{tokens}}], "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "WhitespaceSplit"}, """);

    [Fact]
    public void The_leftmost_and_then_the_longest_is_found()
    {
        PretrainedTokenizer tokenizer = With("""{"id": 4, "content": "<x>"}, {"id": 5, "content": "<x><y>"}, {"id": 6, "content": "<y>b"}""");
        Assert.Equal([5, 2], tokenizer.EncodeIds("<x><y>b"));
        Assert.Equal([4, 6], tokenizer.EncodeIds("<x> <y>b"));
    }

    [Fact]
    public void White_space_beside_it_is_swallowed_if_it_asks_for_that()
    {
        PretrainedTokenizer tokenizer = With("""{"id": 4, "content": "<l>", "lstrip": true}, {"id": 5, "content": "<r>", "rstrip": true}""");
        EncodedText encoded = tokenizer.Encode("a  <l> <r>  b");
        Assert.Equal([1, 4, 5, 2], encoded.Ids);
        Assert.Equal([(0, 1), (1, 6), (7, 12), (12, 13)], encoded.Offsets);
        Assert.Equal("  <l>", encoded.Tokens[1]);
    }

    [Fact]
    public void White_space_is_swallowed_once()
    {
        // "<r>" takes the five blanks behind it; the matches of two blanks among them are empty then, or have no place.
        const string right = """{"id": 4, "content": "<r>", "rstrip": true}""";
        Assert.Equal([4, 2], With(right + """, {"id": 5, "content": "  ", "lstrip": true, "rstrip": true}""").EncodeIds("<r>     b"));
        PretrainedTokenizer contrary = With(right + """, {"id": 5, "content": "  ", "lstrip": true}""");
        Assert.Equal([5, 2], contrary.EncodeIds("  b"));
        Assert.Contains("lstrip", Assert.Throws<TokenizerException>(() => contrary.EncodeIds("<r>     b")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_that_the_normalizer_removes_is_refused() =>
        Assert.Contains("' '", Assert.Throws<TokenizerException>(() => TinyTokenizers.Words("""
            "added_tokens": [{"id": 4, "content": " ", "normalized": true}], "normalizer": {"type": "Strip", "strip_left": true, "strip_right": true},
            """)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_single_word_must_stand_alone()
    {
        PretrainedTokenizer tokenizer = With("""{"id": 4, "content": "c", "single_word": true}""");
        Assert.Equal([1, 4, 0], tokenizer.EncodeIds("a c acx"));
        Assert.Equal([0], tokenizer.EncodeIds("c\u0301"));
        Assert.Equal([4, 0], tokenizer.EncodeIds("c!"));
    }

    [Fact]
    public void A_normalized_one_is_found_and_shown_in_its_normalized_form()
    {
        PretrainedTokenizer tokenizer = With("""{"id": 4, "content": "<N>", "normalized": true, "special": true}, {"id": 5, "content": "<R>", "special": true}""");
        Assert.Equal([4, 4, 5, 0], tokenizer.EncodeIds("<n> <N> <R> <r>"));
        Assert.Equal("<n> <R>", tokenizer.Decode([4, 5]));
        Assert.Equal("<n>", tokenizer.Decode([4, 5], skipSpecialTokens: true));
    }

    [Fact]
    public void A_declared_id_is_kept_or_refused()
    {
        Assert.Equal([10], With("""{"id": 10, "content": "<x>"}""").EncodeIds("<x>"));
        Assert.Contains("<x>", Assert.Throws<TokenizerException>(() => With("""{"id": 2, "content": "<x>"}""")).Message, StringComparison.Ordinal);
        Assert.Contains("<y>", Assert.Throws<TokenizerException>(() => With("""{"id": 4, "content": "<x>"}, {"id": 4, "content": "<y>"}""")).Message, StringComparison.Ordinal);
    }
}
