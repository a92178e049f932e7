using LlmCourse.Runtime;
using LlmCourse.Tokenization.Decoders;
using LlmCourse.Tokenization.Models;
using LlmCourse.Tokenization.Normalizers;
using LlmCourse.Tokenization.PostProcessors;
using LlmCourse.Tokenization.PreTokenizers;

namespace LlmCourse.Tokenization;

/// <summary>Tokenizers from before tokenizer.json: GPT-2's vocab.json with merges.txt, BERT's vocab.txt.</summary>
internal static class VocabularyFiles
{
    private const int BertMaxCharacters = 100;

    /// <summary>Byte-level BPE, as GPT-2 has it, or RoBERTa and BART where the vocabulary has their special tokens.</summary>
    public static TokenizerParts Bpe(string vocabJson, string mergesText)
    {
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        foreach ((string token, JsonSection id) in JsonSection.Parse(vocabJson, "vocab.json").Members())
            ids[token] = id.Number();
        List<(string, string)> merges = [];
        foreach (string line in mergesText.Split('\n').Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0))
        {
            if (ModelReader.SplitMerge(line) is (string, string) merge)
                merges.Add(merge);
        }

        bool isRoberta = ids.ContainsKey("<s>") && ids.ContainsKey("</s>");
        string[] names = isRoberta ? ["<s>", "<pad>", "</s>", "<unk>", "<mask>"] : ["<|endoftext|>"];
        return new TokenizerParts
        {
            AddedTokens = [.. names.Where(ids.ContainsKey).Select(name => Special(name, ids[name]) with { TakesLeft = name == "<mask>" })],
            PreTokenizer = new ByteLevelPreTokenizer(addsBlank: false, splits: true),
            Model = new BpeModel(new BpeSettings { Vocabulary = new(ids), Merges = merges }),
            PostProcessor = isRoberta
                ? new RobertaProcessor(trimsOffsets: true, addsBlank: false, PostProcessorReader.Roberta(("<s>", ids["<s>"]), ("</s>", ids["</s>"])))
                : new ByteLevelProcessor(trimsOffsets: false, addsBlank: false),
            Decoder = new ByteLevelDecoder(),
        };
    }

    /// <summary>BERT: one token a line, the line's number its id.</summary>
    public static TokenizerParts WordPiece(string vocabText, TokenizerConfig config)
    {
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        string[] lines = vocabText.Split('\n');
        int count = lines[^1].Length == 0 ? lines.Length - 1 : lines.Length;
        for (int id = 0; id < count; id++)
            ids[lines[id].TrimEnd('\r')] = id;
        string[] special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
        if (Array.Find(special[1..4], name => !ids.ContainsKey(name)) is string missing)
            throw new TokenizerException($"vocab.txt: BERT's token '{missing}' is missing.");
        return new TokenizerParts
        {
            AddedTokens = [.. special.Where(ids.ContainsKey).Select(name => Special(name, ids[name]))],
            Normalizer = new BertNormalizer(true, config.SpacesIdeographs, config.StripsAccents ?? config.Lowers, config.Lowers),
            PreTokenizer = PreTokenizerReader.Bert(),
            Model = new WordPieceModel(new(ids), "[UNK]", "##", BertMaxCharacters),
            PostProcessor = PostProcessorReader.Bert(("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"]), secondTypeId: 1),
            Decoder = new WordPieceDecoder("##", cleansUp: true),
        };
    }

    private static AddedToken Special(string content, int id) => new() { Id = id, Content = content, IsSpecial = true };
}
