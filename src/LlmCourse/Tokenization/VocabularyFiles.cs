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

    private const string Gpt2Token = "<|endoftext|>";

    // Whose vocabularies of these kinds are used as GPT-2, RoBERTa and BERT use theirs.
    private static readonly string[] ByteLevelClasses = ["GPT2Tokenizer", "RobertaTokenizer", "BartTokenizer", "LongformerTokenizer", "LEDTokenizer"];
    private static readonly string[] WordPieceClasses =
        ["BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MobileBertTokenizer", "ConvBertTokenizer", "SqueezeBertTokenizer", "LxmertTokenizer"];

    /// <summary>Byte-level BPE, as GPT-2 has it, or RoBERTa and BART where the vocabulary has their special tokens.</summary>
    public static TokenizerParts Bpe(string vocabJson, string mergesText, TokenizerConfig config)
    {
        RequireClass(config, ByteLevelClasses, "vocab.json with merges.txt");
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        foreach ((string token, JsonSection id) in JsonSection.Parse(vocabJson, "vocab.json").Members())
            ids[token] = id.Number();
        List<(string, string)> merges = [];
        foreach (string line in mergesText.Split('\n').Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0))
        {
            if (ModelReader.SplitMerge(line) is (string, string) merge)
                merges.Add(merge);
        }

        // OPT has RoBERTa's vocabulary and uses it as GPT-2 does.
        bool isRoberta = ClassOf(config) != ByteLevelClasses[0] && ids.ContainsKey("<s>") && ids.ContainsKey("</s>");
        string bos = config.Special.Bos ?? Gpt2Token;
        if (!isRoberta && (config.AddsEos == true || (config.AddsBos == true && !ids.ContainsKey(bos))))
            throw new TokenizerException("tokenizer_config.json: add_eos_token is true, or add_bos_token with a token that vocab.json lacks, which vocab.json with merges.txt cannot say. Convert the tokenizer to tokenizer.json.") { UnsupportedPart = "add_bos_token" };
        bool addsBlank = config.AddsBlank;
        string?[] names = isRoberta ? ["<s>", "<pad>", "</s>", "<unk>", "<mask>"] : [bos, config.Special.Eos ?? Gpt2Token, config.Special.Unk ?? Gpt2Token, config.Special.Pad];
        return new TokenizerParts
        {
            AddedTokens = [.. names.OfType<string>().Distinct().Where(ids.ContainsKey).Select(name => Special(name, ids[name]) with { TakesLeft = name == "<mask>" })],
            PreTokenizer = new ByteLevelPreTokenizer(addsBlank, splits: true),
            Model = new BpeModel(new BpeSettings { Vocabulary = new(ids), Merges = merges }),
            PostProcessor = isRoberta
                ? new RobertaProcessor(trimsOffsets: true, addsBlank, PostProcessorReader.Roberta(("<s>", ids["<s>"]), ("</s>", ids["</s>"])))
                : config.AddsBos == true ? PostProcessorReader.Beginning((bos, ids[bos]))
                : new ByteLevelProcessor(trimsOffsets: false, addsBlank),
            Decoder = new ByteLevelDecoder(),
        };
    }

    /// <summary>BERT: one token a line, the line's number its id.</summary>
    public static TokenizerParts WordPiece(string vocabText, TokenizerConfig config)
    {
        RequireClass(config, WordPieceClasses, "vocab.txt");
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

    /// <summary>Other classes split texts in ways that the vocabulary does not tell.</summary>
    private static void RequireClass(TokenizerConfig config, string[] known, string files)
    {
        string? name = ClassOf(config);
        if (name is not null and not "PreTrainedTokenizer" && !known.Contains(name))
        {
            throw new TokenizerException($"tokenizer_class \"{config.Class}\" is not known to use {files} as {known[0]} does. Convert it in Python: AutoTokenizer.from_pretrained(folder).save_pretrained(folder) writes tokenizer.json.")
            {
                UnsupportedPart = config.Class,
            };
        }
    }

    private static string? ClassOf(TokenizerConfig config) => config.Class?.Replace("Fast", "", StringComparison.Ordinal);

    private static AddedToken Special(string content, int id) => new() { Id = id, Content = content, IsSpecial = true };
}
