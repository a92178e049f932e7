using LlmCourse.Tokenization;
using LlmCourse.Tokenization.Decoders;

namespace LlmCourse.Tests.Tokenization;

public sealed class DecoderReaderTests
{
    private static string Decode(string config, string tokens)
    {
        TokenizerParts parts = TokenizerJson.Read($$"""{"decoder": {{config}}, "model": {"type": "WordLevel", "vocab": {}, "unk_token": ""} }""");
        TextStream text = new();
        DecoderStream stream = parts.Decoder.Open(text);
        foreach (string token in tokens.Split('|'))
            stream.Write(token, true);
        stream.Flush();
        return text.Take();
    }

    [Theory]
    [InlineData("null", "a|b", "a b")]
    [InlineData("""{"type": "ByteLevel"}""", "Ġa|Ã|©|漢", " aé漢")]
    [InlineData("""{"type": "ByteLevel"}""", "Ã|a", "\uFFFDa")]
    [InlineData("""{"type": "ByteFallback"}""", "a|<0xC3>|<0xA9>|b", "aéb")]
    [InlineData("""{"type": "ByteFallback"}""", "<0xC3>|<0xA9>|<0xC3>|b", "\uFFFD\uFFFD\uFFFDb")]
    [InlineData("""{"type": "Strip", "content": " ", "start": 1, "stop": 1}""", "  a  | | b", " a b")]
    [InlineData("""{"type": "Sequence", "decoders": [{"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 2}]}""", " a | b |  ", "a  b ")]
    [InlineData("""{"type": "Metaspace", "replacement": "▁"}""", "▁a▁|▁b", "a b")]
    [InlineData("""{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never"}""", "▁a|▁b", " a b")]
    [InlineData("""{"type": "WordPiece", "prefix": "##", "cleanup": true}""", "un|##able|!|it|'s", "unable! it's")]
    [InlineData("""{"type": "BPEDecoder", "suffix": "</w>"}""", "a</w>|b|c</w>", "a bc")]
    [InlineData("""{"type": "CTC", "pad_token": "_", "word_delimiter_token": "-", "cleanup": true}""", "a|a|_|a|-|b", "aa b")]
    [InlineData("""{"type": "CTC", "pad_token": "", "word_delimiter_token": "", "cleanup": true}""", "ab|c", " a b  c ")] // nothing stands between all letters
    [InlineData("""{"type": "Replace", "pattern": {"Regex": "^a"}, "content": "x"}""", "aa|a", "xax")]
    [InlineData("""{"type": "Sequence", "decoders": [{"type": "Fuse"}, {"type": "Replace", "pattern": {"String": "ab"}, "content": "x"}]}""", "a|b", "x")]
    public void A_decoder_makes_text_of_tokens(string config, string tokens, string expected) => Assert.Equal(expected, Decode(config, tokens));
}
