using System.Collections.Concurrent;
using System.Globalization;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.Patterns;

/// <summary>The named sets of code points: \p{...}, [[:...:]], \w and the like.</summary>
internal static class PropertySets
{
    private static readonly ConcurrentDictionary<string, CodePointSet?> ByName = new(StringComparer.Ordinal);

    private static readonly (string Short, string Long, UnicodeCategory Category)[] Categories =
    [
        ("lu", "uppercaseletter", UnicodeCategory.UppercaseLetter), ("ll", "lowercaseletter", UnicodeCategory.LowercaseLetter),
        ("lt", "titlecaseletter", UnicodeCategory.TitlecaseLetter), ("lm", "modifierletter", UnicodeCategory.ModifierLetter),
        ("lo", "otherletter", UnicodeCategory.OtherLetter), ("mn", "nonspacingmark", UnicodeCategory.NonSpacingMark),
        ("mc", "spacingmark", UnicodeCategory.SpacingCombiningMark), ("me", "enclosingmark", UnicodeCategory.EnclosingMark),
        ("nd", "decimalnumber", UnicodeCategory.DecimalDigitNumber), ("nl", "letternumber", UnicodeCategory.LetterNumber),
        ("no", "othernumber", UnicodeCategory.OtherNumber), ("pc", "connectorpunctuation", UnicodeCategory.ConnectorPunctuation),
        ("pd", "dashpunctuation", UnicodeCategory.DashPunctuation), ("ps", "openpunctuation", UnicodeCategory.OpenPunctuation),
        ("pe", "closepunctuation", UnicodeCategory.ClosePunctuation), ("pi", "initialpunctuation", UnicodeCategory.InitialQuotePunctuation),
        ("pf", "finalpunctuation", UnicodeCategory.FinalQuotePunctuation), ("po", "otherpunctuation", UnicodeCategory.OtherPunctuation),
        ("sm", "mathsymbol", UnicodeCategory.MathSymbol), ("sc", "currencysymbol", UnicodeCategory.CurrencySymbol),
        ("sk", "modifiersymbol", UnicodeCategory.ModifierSymbol), ("so", "othersymbol", UnicodeCategory.OtherSymbol),
        ("zs", "spaceseparator", UnicodeCategory.SpaceSeparator), ("zl", "lineseparator", UnicodeCategory.LineSeparator),
        ("zp", "paragraphseparator", UnicodeCategory.ParagraphSeparator), ("cc", "control", UnicodeCategory.Control),
        ("cf", "format", UnicodeCategory.Format), ("cs", "surrogate", UnicodeCategory.Surrogate),
        ("co", "privateuse", UnicodeCategory.PrivateUse), ("cn", "unassigned", UnicodeCategory.OtherNotAssigned),
    ];

    private static readonly (string Short, string Long)[] Groups =
    [
        ("l", "letter"), ("m", "mark"), ("n", "number"), ("p", "punctuation"), ("s", "symbol"), ("z", "separator"), ("c", "other"),
    ];

    public static CodePointSet Word => Named("word")!;

    public static CodePointSet Digit => Named("nd")!;

    public static CodePointSet HexDigit { get; } = CodePointSet.FromRanges([('0', '9'), ('A', 'F'), ('a', 'f')]);

    /// <summary>The set of that name, or null if there is none; blanks, hyphens, underscores and case do not count.</summary>
    public static CodePointSet? Named(string name) => ByName.GetOrAdd(Simplified(name), Make);

    /// <summary>The set of a name in [[:...:]], or null; two of them are not those of the same name in \p{...}.</summary>
    public static CodePointSet? Posix(string name) => name switch
    {
        "word" => PosixWord(),
        "punct" => Named("p")!.Union(Named("s")!),
        _ => Named(name),
    };

    private static CodePointSet? Make(string name)
    {
        foreach ((string shortName, string longName) in Groups)
        {
            if (name == shortName || name == longName)
                return Group(shortName);
        }

        foreach ((string shortName, string longName, UnicodeCategory category) in Categories)
        {
            if (name == shortName || name == longName)
                return CodePointClasses.Category(category);
        }

        foreach (string script in UnicodeTables.ScriptNames)
        {
            if (name == Simplified(script))
                return Scripts.Set(script);
        }

        return name switch
        {
            "any" => CodePointSet.All,
            "ascii" => CodePointSet.Range(0, 0x7F),
            "alpha" or "alphabetic" => PackedTable.Ranges(UnicodeTables.Alphabetic),
            "alnum" => Named("alpha")!.Union(Named("nd")!),
            // Six numbers of Latin-1 are word characters, no others of their kind are: so the reference has it.
            "word" => PosixWord().Union(CodePointSet.Of(0xB2, 0xB3, 0xB9, 0xBC, 0xBD, 0xBE)),
            "digit" => Named("nd"),
            "space" or "whitespace" => CodePointClasses.Space,
            "blank" => Named("zs")!.Union(CodePointSet.Of('\t')),
            "upper" or "uppercase" => Named("lu")!.Union(CodePointSet.FromRanges([(0x2160, 0x216F), (0x24B6, 0x24CF), (0x1F130, 0x1F149), (0x1F150, 0x1F169), (0x1F170, 0x1F189)])),
            "lower" or "lowercase" => PackedTable.Ranges(UnicodeTables.Lowercase),
            "punct" => Named("p"),
            "cntrl" => Named("cc"),
            "xdigit" => HexDigit,
            "graph" => Named("c")!.Union(CodePointClasses.Space).Complement().Union(Named("cf")!).Union(Named("co")!),
            "print" => Named("graph")!.Union(Named("zs")!),
            "assigned" => Named("cn")!.Complement(),
            "emoji" => PackedTable.Ranges(UnicodeTables.Emoji),
            "extendedpictographic" => PackedTable.Ranges(UnicodeTables.Pictographic),
            _ => null,
        };
    }

    private static CodePointSet Group(string name) => name switch
    {
        "l" => CodePointClasses.Letter,
        "n" => CodePointClasses.Number,
        _ => CodePointClasses.Category([.. Categories.Where(item => item.Short[0] == name[0]).Select(item => item.Category)]),
    };

    private static CodePointSet PosixWord() => Named("alpha")!.Union(Named("m")!).Union(Named("nd")!).Union(Named("pc")!);

    private static string Simplified(string name) =>
        string.Concat(name.Where(c => c is not (' ' or '-' or '_'))).ToLowerInvariant();
}
