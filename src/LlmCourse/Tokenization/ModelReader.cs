using LlmCourse.Runtime;
using LlmCourse.Tokenization.Models;

namespace LlmCourse.Tokenization;

/// <summary>Reads the model section.</summary>
internal static class ModelReader
{
    private const int DefaultMaxCharacters = 100;

    public static IModel Read(JsonSection model)
    {
        if (!model.IsObject)
            throw model.Error("must be an object");
        string type = model["type"].TextOrNull() ?? Guess(model);
        return type switch
        {
            "BPE" => ReadBpe(model),
            "Unigram" => ReadUnigram(model),
            "WordPiece" => new WordPieceModel(
                ReadVocabulary(model.Required("vocab")),
                model["unk_token"].TextOrNull() ?? "[UNK]",
                model["continuing_subword_prefix"].TextOrNull() ?? "##",
                model["max_input_chars_per_word"] is { IsNull: false } limit ? limit.Limit() : DefaultMaxCharacters),
            "WordLevel" => new WordLevelModel(ReadVocabulary(model.Required("vocab")), model.Required("unk_token").Text()),
            _ => throw model.Unsupported("model", type),
        };
    }

    /// <summary>Old files do not name the type: their keys do.</summary>
    private static string Guess(JsonSection model) =>
        !model["merges"].IsNull ? "BPE"
        : model.Required("vocab").IsArray ? "Unigram"
        : !model["continuing_subword_prefix"].IsNull ? "WordPiece"
        : "WordLevel";

    private static BpeModel ReadBpe(JsonSection model)
    {
        if (model["dropout"] is { IsNull: false } dropout && dropout.Real() != 0)
            throw dropout.Error("dropout makes encoding random, which is not supported: remove it or set it to 0");
        return new BpeModel(new BpeSettings
        {
            Vocabulary = ReadVocabulary(model.Required("vocab")),
            Merges = ReadMerges(model.Required("merges")),
            UnknownToken = model["unk_token"].TextOrNull(),
            ContinuingPrefix = model["continuing_subword_prefix"].TextOrNull() ?? "",
            WordSuffix = model["end_of_word_suffix"].TextOrNull() ?? "",
            FusesUnknown = model["fuse_unk"].Flag(absent: false),
            FallsBackToBytes = model["byte_fallback"].Flag(absent: false),
            IgnoresMerges = model["ignore_merges"].Flag(absent: false),
        });
    }

    private static Vocabulary ReadVocabulary(JsonSection vocab)
    {
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        foreach ((string token, JsonSection id) in vocab.Members())
            ids[token] = id.Number();
        Dictionary<int, string> tokens = new(ids.Count);
        foreach ((string token, int id) in ids)
        {
            if (!tokens.TryAdd(id, token))
                throw vocab.Error($"'{tokens[id]}' and '{token}' both have id {id}");
        }

        return new Vocabulary(ids);
    }

    /// <summary>Either "a b" or ["a", "b"] each; an old first line "#version" does not count.</summary>
    private static List<(string, string)> ReadMerges(JsonSection merges)
    {
        IReadOnlyList<JsonSection> items = merges.IsArray ? merges.Items() : throw merges.Error("the merges must be a list");
        List<(string, string)> pairs = new(items.Count);
        foreach (JsonSection item in items)
        {
            if (item.IsText != items[0].IsText)
                throw item.Error("merges must be either all texts or all pairs");
            if (item.IsText)
            {
                if (SplitMerge(item.Text()) is (string, string) pair)
                    pairs.Add(pair);
                continue;
            }

            IReadOnlyList<JsonSection> parts = item.Items();
            pairs.Add(parts.Count == 2 ? (parts[0].Text(), parts[1].Text()) : throw item.Error("a merge must have two parts"));
        }

        return pairs;
    }

    /// <summary>The two parts of a line of merges; null where the line is a heading.</summary>
    public static (string First, string Second)? SplitMerge(string line)
    {
        if (line.StartsWith("#version", StringComparison.Ordinal))
            return null;
        string[] parts = line.Split(' ');
        return parts.Length == 2 ? (parts[0], parts[1]) : throw new TokenizerException($"model.merges: the merge '{line}' must have two parts with a blank between them.");
    }

    private static UnigramModel ReadUnigram(JsonSection model)
    {
        IReadOnlyList<JsonSection> vocab = model.Required("vocab").Items();
        List<(string, double)> pieces = new(vocab.Count);
        foreach (JsonSection entry in vocab)
        {
            IReadOnlyList<JsonSection> pair = entry.Items();
            pieces.Add(pair.Count == 2 ? (pair[0].Text(), pair[1].Real()) : throw entry.Error("must be a piece and its score"));
        }

        JsonSection unknown = model["unk_id"];
        int unknownId = unknown.IsNull ? -1 : unknown.Number();
        if (unknownId >= pieces.Count)
            throw unknown.Error($"unk_id must be below the number of pieces in vocab, {pieces.Count}");
        return new UnigramModel(pieces, unknownId, model["byte_fallback"].Flag(absent: false));
    }
}
