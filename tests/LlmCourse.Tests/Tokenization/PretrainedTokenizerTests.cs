using System.Globalization;
using LlmCourse.Runtime;
using LlmCourse.Tokenization;

namespace LlmCourse.Tests.Tokenization;

public sealed class PretrainedTokenizerTests
{
    [Fact]
    public void Byte_level_text_becomes_the_longest_merges()
    {
        PretrainedTokenizer tokenizer = TinyTokenizers.ByteLevel();
        EncodedText encoded = tokenizer.Encode("hello world<|end|>");
        Assert.Equal(["hello", "Ġworld", "<|end|>"], encoded.Tokens);
        Assert.Equal([(0, 5), (5, 11), (11, 18)], encoded.Offsets);
        Assert.Equal([0, 1, 2], encoded.WordIds);
        Assert.Equal("hello world<|end|>", tokenizer.Decode(encoded.Ids));
        Assert.Equal("hello world", tokenizer.Decode(encoded.Ids, skipSpecialTokens: true));
    }

    [Theory]
    [InlineData("")]
    [InlineData("I'll say: \"héllo\" \t\n  👨‍👩‍👧 12½")]
    [InlineData("\0\uFFFF 漢字かな\u2028 ")]
    public void Byte_level_text_round_trips(string text)
    {
        PretrainedTokenizer tokenizer = TinyTokenizers.ByteLevel();
        Assert.Equal(text, tokenizer.Decode(tokenizer.EncodeIds(text)));
        Assert.Equal(tokenizer.Encode(text).Ids, tokenizer.EncodeIds(text));
    }

    [Fact]
    public void Offsets_are_utf16_units_and_code_points_on_request()
    {
        EncodedText encoded = TinyTokenizers.ByteLevel().Encode("😀 hello");
        Assert.Equal((2, 3), encoded.Offsets[^2]);
        Assert.Equal((3, 8), encoded.Offsets[^1]);
        Assert.All(encoded.Offsets.Take(4), range => Assert.Equal((0, 2), range));
        Assert.Equal((2, 7), encoded.CodePointOffsets()[^1]);
    }

    [Fact]
    public void A_pair_has_type_ids_and_special_tokens()
    {
        EncodedText encoded = TinyTokenizers.WordPiece().Encode("Café!", "unaffable x");
        Assert.Equal(["[CLS]", "cafe", "!", "[SEP]", "un", "##aff", "##able", "[UNK]", "[SEP]"], encoded.Tokens);
        Assert.Equal([0, 0, 0, 0, 1, 1, 1, 1, 1], encoded.TypeIds);
        Assert.Equal([1, 0, 0, 1, 0, 0, 0, 0, 1], encoded.SpecialTokensMask);
        Assert.Equal([null, 0, 0, null, 1, 1, 1, 1, null], encoded.SequenceIds);
        Assert.Equal((0, 4), encoded.Offsets[1]);
        Assert.Equal((2, 5), encoded.Offsets[5]);
    }

    [Fact]
    public void A_word_that_is_too_long_is_unknown_by_its_code_points()
    {
        PretrainedTokenizer tokenizer = TinyTokenizers.WordPiece();
        Assert.Equal(["[UNK]"], tokenizer.Encode("aaaaaaaaaaa", addSpecialTokens: false).Tokens);
        Assert.Equal(["a", "中", "a"], tokenizer.Encode("a中a", addSpecialTokens: false).Tokens);
    }

    [Fact]
    public void Unigram_takes_the_best_sum_of_scores_and_shows_unknown_text()
    {
        PretrainedTokenizer tokenizer = TinyTokenizers.Unigram();
        EncodedText encoded = tokenizer.Encode("abab xyz");
        Assert.Equal(["▁ab", "ab", "▁", "xyz", "</s>"], encoded.Tokens);
        Assert.Equal([6, 5, 2, 0, 1], encoded.Ids);
        Assert.Equal((5, 8), encoded.Offsets[3]);
        Assert.Equal("abab <unk></s>", tokenizer.Decode(encoded.Ids));
    }

    [Fact]
    public void Llama_falls_back_to_bytes()
    {
        PretrainedTokenizer tokenizer = TinyTokenizers.Llama();
        EncodedText encoded = tokenizer.Encode("ab é</s>ab");
        Assert.Equal(["▁ab", "▁", "<0xC3>", "<0xA9>", "</s>", "▁ab"], encoded.Tokens);
        Assert.Equal("ab é</s> ab", tokenizer.Decode(encoded.Ids));
    }

    [Fact]
    public void A_lone_surrogate_counts_as_the_replacement_character()
    {
        PretrainedTokenizer tokenizer = TinyTokenizers.ByteLevel();
        Assert.Equal(tokenizer.EncodeIds("a\uFFFDb"), tokenizer.EncodeIds("a\uD83Db"));
        Assert.Equal(tokenizer.Encode("\uFFFD😀").Ids, tokenizer.Encode("\uDE00😀").Ids);
    }

    [Fact]
    public void Ids_outside_the_vocabulary_are_left_out()
    {
        PretrainedTokenizer tokenizer = TinyTokenizers.ByteLevel();
        Assert.Equal("a", tokenizer.Decode([97, -1, 100_000, int.MaxValue]));
        Assert.Null(tokenizer.IdToToken(100_000));
        Assert.Null(tokenizer.TokenToId("nothing of the kind"));
        Assert.Equal(266, tokenizer.VocabularySize);
        Assert.Equal("<|end|>", tokenizer.IdToToken(tokenizer.TokenToId("<|end|>")!.Value));
    }

    [Fact]
    public void The_files_beside_name_the_special_tokens()
    {
        PretrainedTokenizer tokenizer = PretrainedTokenizer.FromJson(
            TinyTokenizers.ByteLevelJson,
            """{"eos_token": {"content": "<|end|>"}, "chat_template": "{{ messages }}", "clean_up_tokenization_spaces": true, "added_tokens_decoder": {"300": {"content": "<new>", "special": true}, "265": {"content": "<|end|>"}}}""",
            """{"pad_token": "<|end|>"}""");
        Assert.Equal(265, tokenizer.EosId);
        Assert.Equal(265, tokenizer.PadId);
        Assert.Null(tokenizer.BosId);
        Assert.Equal("{{ messages }}", tokenizer.ChatTemplate);
        Assert.True(tokenizer.CleansUpSpaces);
        Assert.Equal(300, tokenizer.TokenToId("<new>"));
        Assert.Equal("hello. I'm", tokenizer.Decode(tokenizer.EncodeIds("hello . I 'm"), false, cleanUpSpaces: true));
    }

    [Fact]
    public void A_folder_without_tokenizer_json_may_have_a_vocabulary()
    {
        string folder = Directory.CreateTempSubdirectory("tokenizer").FullName;
        try
        {
            Assert.Contains("tokenizer.json", Assert.Throws<TokenizerException>(() => PretrainedTokenizer.Load(folder)).Message, StringComparison.Ordinal);
            File.WriteAllText(Path.Combine(folder, "vocab.txt"), "[PAD]\n[UNK]\n[CLS]\n[SEP]\nÉt\n##é\n");
            File.WriteAllText(Path.Combine(folder, "tokenizer_config.json"), """{"do_lower_case": false}""");
            Assert.Equal(["[CLS]", "Ét", "##é", "[SEP]"], PretrainedTokenizer.Load(folder).Encode("Été").Tokens);
            File.WriteAllText(Path.Combine(folder, "vocab.json"), """{"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "a": 4, "b": 5, "ab": 6, "<mask>": 7, "Ġ": 8}""");
            File.WriteAllText(Path.Combine(folder, "merges.txt"), "#version: 0.2\na b\n");
            Assert.Equal(["<s>", "ab", " <mask>", "</s>"], PretrainedTokenizer.Load(folder).Encode("ab <mask>").Tokens);
            File.WriteAllText(Path.Combine(folder, "tokenizer.json"), TinyTokenizers.LlamaJson);
            Assert.Equal(["▁ab"], PretrainedTokenizer.Load(folder).Encode("ab").Tokens);
            string copy = Path.Combine(folder, "copy");
            PretrainedTokenizer.Load(folder).Save(copy);
            Assert.Equal(TinyTokenizers.LlamaJson, File.ReadAllText(Path.Combine(copy, "tokenizer.json")));
            Assert.Equal(5, Directory.GetFiles(copy).Length);
            string texts = Path.Combine(folder, "texts");
            PretrainedTokenizer.FromJson(TinyTokenizers.UnigramJson, """{"eos_token": "</s>"}""").Save(texts);
            Assert.Equal(TinyTokenizers.UnigramJson, File.ReadAllText(Path.Combine(texts, "tokenizer.json")));
            Assert.Equal((2, "</s>"), (Directory.GetFiles(texts).Length, PretrainedTokenizer.Load(texts).SpecialTokens.Eos));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [InlineData("""{"tokenizer_class":"Qwen2Tokenizer"}""", "Qwen2Tokenizer")]
    [InlineData("""{"add_bos_token":true}""", "add_bos_token")]
    public void A_vocabulary_is_not_used_as_another_class_s(string config, string named)
    {
        using LlmCourse.Tests.Checkpoints.TemporaryFolder folder = new();
        File.WriteAllText(folder["vocab.json"], """{"a": 0, "b": 1, "ab": 2, "Ġ": 3, "Ġa": 4}""");
        File.WriteAllText(folder["merges.txt"], "a b\nĠ a\n");
        File.WriteAllText(folder["tokenizer_config.json"], config);
        Assert.Contains(named, Assert.Throws<TokenizerException>(() => PretrainedTokenizer.Load(folder.Path)).Message, StringComparison.Ordinal);
        File.WriteAllText(folder["tokenizer_config.json"], """{"tokenizer_class":"GPT2Tokenizer","add_prefix_space":true}""");
        Assert.Equal(["Ġ", "ab"], PretrainedTokenizer.Load(folder.Path).Encode("ab").Tokens);
        File.Delete(folder["vocab.json"]);
        File.WriteAllText(folder["vocab.txt"], "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\n");
        File.WriteAllText(folder["tokenizer_config.json"], """{"tokenizer_class":"BertJapaneseTokenizer"}""");
        Assert.Equal("BertJapaneseTokenizer", Assert.Throws<TokenizerException>(() => PretrainedTokenizer.Load(folder.Path)).UnsupportedPart);
    }

    [Fact]
    public void Opt_begins_texts_with_its_end_of_text_and_knows_no_other_special_tokens()
    {
        using LlmCourse.Tests.Checkpoints.TemporaryFolder folder = new();
        File.WriteAllText(folder["vocab.json"], """{"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "a": 4, "b": 5, "ab": 6, "<": 7, "s": 8, ">": 9}""");
        File.WriteAllText(folder["merges.txt"], "#version: 0.2\na b\n");
        const string Token = """{"__type": "AddedToken", "content": "</s>", "normalized": true}""";
        File.WriteAllText(folder["tokenizer_config.json"],
            $$"""{"tokenizer_class": "GPT2Tokenizer", "add_bos_token": true, "add_prefix_space": false, "bos_token": {{Token}}, "eos_token": {{Token}}, "unk_token": {{Token}}, "pad_token": "<pad>"}""");
        PretrainedTokenizer tokenizer = PretrainedTokenizer.Load(folder.Path);
        Assert.Equal([2, 6], tokenizer.EncodeIds("ab"));
        Assert.Equal([2, 7, 8, 9, 1, 2], tokenizer.EncodeIds("<s><pad></s>"));
        Assert.Equal([2, 4, 2, 5], tokenizer.Encode("a", "b").Ids);
        Assert.Equal([6], tokenizer.EncodeIds("ab", addSpecialTokens: false));
        File.WriteAllText(folder["tokenizer_config.json"], """{"tokenizer_class": "RobertaTokenizer"}""");
        Assert.Equal([0, 6, 2], PretrainedTokenizer.Load(folder.Path).EncodeIds("ab"));
    }

    [Fact]
    public void A_large_batch_on_all_cores_is_its_texts_one_by_one()
    {
        PretrainedTokenizer tokenizer = TinyTokenizers.ByteLevel();
        Random random = new(4);
        string[] texts = [.. Enumerable.Range(0, 400).Select(_ => string.Concat(Enumerable.Range(0, random.Next(200)).Select(_ => "ab hello <|end|>é "[random.Next(17)])))];
        Assert.True(texts.Sum(text => text.Length) > 16_384); // or it would be one core
        Assert.Equal(texts.Select(text => tokenizer.EncodeIds(text)), tokenizer.EncodeBatch(texts).Select(row => row.Ids.ToArray()));
        texts[200] = null!;
        Assert.Throws<ArgumentNullException>(() => tokenizer.EncodeBatch(texts));
    }

    [Fact]
    public void Threads_share_a_tokenizer()
    {
        PretrainedTokenizer tokenizer = TinyTokenizers.ByteLevel();
        string[] texts = [.. Enumerable.Range(0, 200).Select(i => string.Concat(Enumerable.Repeat($"hello w{i % 17}orld {i} ", 20)))];
        int[][] expected = [.. texts.Select(text => TinyTokenizers.ByteLevel().EncodeIds(text))];
        int[][] found = new int[texts.Length][];
        Parallel.For(0, texts.Length, i => found[i] = tokenizer.EncodeIds(texts[i]));
        Assert.Equal(expected, found);
    }

    [Theory]
    [InlineData("tr-TR")]
    [InlineData("th-TH")]
    [InlineData("de-DE")]
    public void The_culture_does_not_matter(string culture)
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo(culture);
            PretrainedTokenizer tokenizer = PretrainedTokenizer.FromJson("""
                {"normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "Split", "pattern": {"String": "\u200d"}, "behavior": "Isolated", "invert": false},
                 "model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", -1.5], ["i", -0.5], ["\u200d", -2.25]]}}
                """);
            Assert.Equal([1, 2, 1], tokenizer.EncodeIds("I\u200dI"));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void A_text_without_breaks_takes_no_more_than_its_share_of_time()
    {
        string text = string.Concat(Enumerable.Repeat("ab", 100_000));
        Assert.Equal(100_000, TinyTokenizers.Llama().EncodeIds(text).Length);
        Assert.Equal(["[UNK]"], TinyTokenizers.WordPiece().Encode(text, addSpecialTokens: false).Tokens);
        Assert.Equal(100_000, TinyTokenizers.Unigram().EncodeIds(text, addSpecialTokens: false).Length);
    }
}
