using LlmCourse.Tokenization.PreTokenizers;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization;

/// <summary>Reads the pre_tokenizer section.</summary>
internal static class PreTokenizerReader
{
    private const int DefaultFixedLength = 5;

    public static IPreTokenizer Read(JsonSection part)
    {
        string type = TokenizerJson.TypeOf(part);
        return type switch
        {
            "Sequence" => new SequencePreTokenizer([.. part.Required("pretokenizers").Items().Select(Read)]),
            "ByteLevel" => ReadByteLevel(part),
            "Metaspace" => ReadMetaspace(part),
            "Split" => ReadSplit(part),
            "Whitespace" => new WhitespacePreTokenizer(),
            "WhitespaceSplit" => new CharacterPreTokenizer(CodePointClasses.Space, SplitBehavior.Removed),
            "BertPreTokenizer" => Bert(),
            "Punctuation" => new CharacterPreTokenizer(CodePointClasses.Punctuation, part["behavior"] is { IsNull: false } behavior ? ReadBehavior(behavior) : SplitBehavior.Isolated),
            "Digits" => Digits(part.Required("individual_digits").Flag()),
            "CharDelimiterSplit" => new CharacterPreTokenizer(CodePointSet.Of(part.Required("delimiter").Character()), SplitBehavior.Removed),
            "UnicodeScripts" => new UnicodeScriptsPreTokenizer(),
            "FixedLength" => ReadFixedLength(part["length"]),
            _ => throw part.Unsupported("pre_tokenizer", type),
        };
    }

    public static IPreTokenizer Bert() => new SequencePreTokenizer(
    [
        new CharacterPreTokenizer(CodePointClasses.Space, SplitBehavior.Removed),
        new CharacterPreTokenizer(CodePointClasses.Punctuation, SplitBehavior.Isolated),
    ]);

    public static IPreTokenizer Digits(bool individually) =>
        new CharacterPreTokenizer(CodePointClasses.Numeric, individually ? SplitBehavior.Isolated : SplitBehavior.Contiguous);

    /// <summary>Metaspace's prepend_scheme, which older files write as add_prefix_space; the pre-tokenizer and the decoder share it.</summary>
    public static PrependScheme ReadScheme(JsonSection part)
    {
        JsonSection scheme = part["prepend_scheme"];
        PrependScheme value = PrependScheme.Always;
        if (!scheme.IsNull)
        {
            value = scheme.Text() switch
            {
                "always" => PrependScheme.Always,
                "first" => PrependScheme.First,
                "never" => PrependScheme.Never,
                _ => throw scheme.Error("must be one of always, first, never"),
            };
        }

        if (!part["add_prefix_space"].Flag(absent: true) && value != PrependScheme.Never)
            throw part["add_prefix_space"].Error("false needs prepend_scheme \"never\" beside it");
        return value;
    }

    private static IPreTokenizer ReadSplit(JsonSection part)
    {
        JsonSection pattern = part.Required("pattern");
        SplitBehavior behavior = ReadBehavior(part.Required("behavior"));
        bool isInverted = part.Required("invert").Flag();
        bool isGpt2 = pattern.IsObject && pattern["Regex"] is { IsText: true } regex && regex.Text() == Gpt2Splitter.Pattern;
        return isGpt2 && behavior == SplitBehavior.Isolated && !isInverted
            ? new Gpt2Splitter()
            : new SplitPreTokenizer(NormalizerReader.ReadPattern(pattern), behavior, isInverted);
    }

    private static ByteLevelPreTokenizer ReadByteLevel(JsonSection part)
    {
        bool addsBlank = part.Required("add_prefix_space").Flag();
        _ = part.Required("trim_offsets").Flag();
        return new ByteLevelPreTokenizer(addsBlank, part["use_regex"].Flag(absent: true));
    }

    private static MetaspacePreTokenizer ReadMetaspace(JsonSection part) =>
        new(part.Required("replacement").Character(), ReadScheme(part), part["split"].Flag(absent: true));

    private static FixedLengthPreTokenizer ReadFixedLength(JsonSection length)
    {
        int value = length.IsNull ? DefaultFixedLength : length.Limit();
        return new FixedLengthPreTokenizer(value > 0 ? value : throw length.Error("FixedLength must be at least 1"));
    }

    private static SplitBehavior ReadBehavior(JsonSection behavior) => TokenizerJson.Choice(
        behavior,
        SplitBehavior.Removed,
        SplitBehavior.Isolated,
        SplitBehavior.MergedWithPrevious,
        SplitBehavior.MergedWithNext,
        SplitBehavior.Contiguous);
}
