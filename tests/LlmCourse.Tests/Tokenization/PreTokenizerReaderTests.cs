using LlmCourse.Tokenization;
using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tests.Tokenization;

public sealed class PreTokenizerReaderTests
{
    private static List<Piece> Cut(string config, string text)
    {
        TokenizerParts parts = TokenizerJson.Read($$"""{"pre_tokenizer": {{config}}, "model": {"type": "WordLevel", "vocab": {}, "unk_token": ""} }""");
        PieceList pieces = new(isTracked: true);
        pieces.Add(new(new AlignedText(text.AsMemory(), 0, isTracked: true), 0, text.Length, -1, 0));
        parts.PreTokenizer!.Apply(pieces);
        return [.. Enumerable.Range(0, pieces.Count).Select(i => pieces[i])];
    }

    [Theory]
    [InlineData("""{"type": "WhitespaceSplit"}""", " a\u3000b ", "a|b")]
    [InlineData("""{"type": "Whitespace"}""", "a-b\u200Dc !?", "a|-|b\u200Dc|!?")]
    [InlineData("""{"type": "BertPreTokenizer"}""", "a,b $c€", "a|,|b|$|c€")]
    [InlineData("""{"type": "Digits", "individual_digits": true}""", "a12½", "a|1|2|½")]
    [InlineData("""{"type": "Digits", "individual_digits": false}""", "a12b", "a|12|b")]
    [InlineData("""{"type": "Punctuation", "behavior": "MergedWithPrevious"}""", "a!?b", "a!|?|b")]
    [InlineData("""{"type": "Punctuation", "behavior": "MergedWithNext"}""", "a!?b", "a|!|?b")]
    [InlineData("""{"type": "Punctuation", "behavior": "Contiguous"}""", "a!?b", "a|!?|b")]
    [InlineData("""{"type": "CharDelimiterSplit", "delimiter": "😀"}""", "a😀😀b", "a|b")]
    [InlineData("""{"type": "FixedLength", "length": 2}""", "a😀bcd", "a😀|bc|d")]
    [InlineData("""{"type": "Split", "pattern": {"Regex": "\\d"}, "behavior": "Removed", "invert": true}""", "a1b2", "1|2")]
    [InlineData("""{"type": "UnicodeScripts"}""", " abc漢かーΩ x", "abc|漢かー|Ω |x")]
    [InlineData("""{"type": "Metaspace", "replacement": "▁"}""", "a b  c", "▁a|▁b|▁|▁c")]
    [InlineData("""{"type": "Metaspace", "replacement": "_", "prepend_scheme": "never", "split": false}""", "a b", "a_b")]
    [InlineData("""{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true}""", "a é's", "Ġa|ĠÃ©|'s")]
    [InlineData("""{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}""", "a b", "aĠb")]
    [InlineData("""{"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first"}]}""", "a b", "▁a|b")]
    public void A_pre_tokenizer_cuts_the_text(string config, string text, string expected) =>
        Assert.Equal(expected, string.Join('|', Cut(config, text).Select(piece => piece.Span.ToString())));

    [Fact]
    public void Pieces_know_their_place_in_the_text()
    {
        List<Piece> pieces = Cut("""{"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true}]}""", " é b");
        Assert.Equal([(1, 2), (3, 4)], pieces.Select(piece => piece.Text.Place(piece.Start, piece.End)));
        Assert.Equal([1, 3], pieces.Select(piece => piece.Origin));
    }
}
