using LlmCourse.Tokenization;
using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tests.Tokenization;

public sealed class NormalizerReaderTests
{
    private static AlignedText Normalize(string config, string text)
    {
        TokenizerParts parts = TokenizerJson.Read($$"""{"normalizer": {{config}}, "model": {"type": "WordLevel", "vocab": {}, "unk_token": ""} }""");
        return parts.Normalizer!.Normalize(new AlignedText(text.AsMemory(), 0, isTracked: true));
    }

    [Theory]
    [InlineData("""{"type": "Lowercase"}""", "ΑΣ İ ẞ", "ας i\u0307 ß", false)]
    [InlineData("""{"type": "Lowercase"}""", "ΑΣ", "ασ", true)]
    [InlineData("""{"type": "NFKC"}""", "ﬁ Å", "fi Å", true)]
    [InlineData("""{"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "StripAccents"}]}""", "é\u20DD", "e", true)]
    [InlineData("""{"type": "Strip", "strip_left": true, "strip_right": false}""", "\u3000 a ", "a ", true)]
    [InlineData("""{"type": "Replace", "pattern": {"Regex": "(a)"}, "content": "$1\\1"}""", "ab", "$1\\1b", true)]
    [InlineData("""{"type": "Replace", "pattern": {"String": "."}, "content": ""}""", "a.b", "ab", true)]
    [InlineData("""{"type": "Prepend", "prepend": "▁"}""", "", "", true)]
    [InlineData("""{"type": "ByteLevel"}""", " é", "ĠÃ©", true)]
    [InlineData("""{"type": "Nmt"}""", "a\u200Bb\u0001", "a b", true)]
    [InlineData("""{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true}""", "É\t中\u0000x\u00AD", "e  中 x", true)]
    [InlineData("""{"type": "BertNormalizer", "clean_text": false, "handle_chinese_chars": false, "strip_accents": false, "lowercase": true}""", "É中", "é中", true)]
    public void A_normalizer_changes_the_text(string config, string text, string expected, bool isEqual) =>
        Assert.Equal(isEqual, expected == Normalize(config, text).ToString());

    [Fact]
    public void Every_character_knows_where_it_came_from()
    {
        AlignedText text = Normalize("""{"type": "Sequence", "normalizers": [{"type": "NFKC"}, {"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]}""", "ﬁ e\u0301😀");
        Assert.Equal("▁fi▁é😀", text.ToString());
        Assert.Equal([(0, 1), (0, 1), (0, 1), (1, 2), (2, 3), (4, 6), (4, 6)], Enumerable.Range(0, text.Length).Select(text.PlaceAt));
        Assert.Equal((0, 2), text.Place(0, 4));
    }

    [Fact]
    public void A_charsmap_replaces_its_shortest_entry()
    {
        // A trie of three units: the root, "a", and the leaf that points to the text "bb".
        uint[] trie = new uint[512];
        trie[0] = 1 << 10;
        trie[1 ^ 'a'] = 'a' | 1 << 8 | 256u << 10;
        trie[1 ^ 'a' ^ 256] = 0x80000000;
        byte[] table = [.. BitConverter.GetBytes(4 * trie.Length), .. trie.SelectMany(BitConverter.GetBytes), .. "bb\0"u8];
        Assert.Equal("bbxbb", Normalize($$"""{"type": "Precompiled", "precompiled_charsmap": "{{Convert.ToBase64String(table)}}"}""", "axa").ToString());
    }
}
