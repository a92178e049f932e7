using System.Collections.Concurrent;
using System.Globalization;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.Patterns;

/// <summary>The named sets of code points: \p{...}, [[:...:]], \w and the like.</summary>
internal static class PropertySets
{
    private static readonly ConcurrentDictionary<string, CodePointSet?> _byName = new(StringComparer.Ordinal);

    private static readonly (string Short, string Long, UnicodeCategory Category)[] _categories =
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

    private static readonly (string Short, string Long)[] _groups =
    [
        ("l", "letter"), ("m", "mark"), ("n", "number"), ("p", "punctuation"), ("s", "symbol"), ("z", "separator"), ("c", "other"),
    ];

    public static CodePointSet Word => Named("word")!;

    public static CodePointSet Digit => Named("nd")!;

    public static CodePointSet HexDigit { get; } = CodePointSet.FromRanges([('0', '9'), ('A', 'F'), ('a', 'f')]);

    /// <summary>The set of that name, or null if there is none; blanks, hyphens, underscores and case do not count.</summary>
    public static CodePointSet? Named(string name) => _byName.GetOrAdd(Simplified(name), Make);

    private static CodePointSet? Make(string name)
    {
        foreach ((string shortName, string longName) in _groups)
        {
            if (name == shortName || name == longName)
                return Group(shortName);
        }

        foreach ((string shortName, string longName, UnicodeCategory category) in _categories)
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
            "alpha" or "alphabetic" => Alphabetic(),
            "alnum" => Alphabetic().Union(Named("nd")!),
            "word" => Alphabetic().Union(Named("m")!).Union(Named("n")!).Union(Named("pc")!),
            "digit" => Named("nd"),
            "space" or "whitespace" => CodePointClasses.Space,
            "blank" => Named("zs")!.Union(CodePointSet.Of('\t')),
            "upper" or "uppercase" => Named("lu")!.Union(CodePointSet.FromRanges([(0x2160, 0x216F), (0x24B6, 0x24CF), (0x1F130, 0x1F149), (0x1F150, 0x1F169), (0x1F170, 0x1F189)])),
            "lower" or "lowercase" => Named("ll")!.Union(CodePointSet.FromRanges([(0xAA, 0xAA), (0xBA, 0xBA), (0x2B0, 0x2B8), (0x2C0, 0x2C1), (0x2E0, 0x2E4), (0x2170, 0x217F), (0x24D0, 0x24E9)])),
            "punct" => Named("p")!.Union(Named("s")!),
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
        _ => CodePointClasses.Category([.. _categories.Where(item => item.Short[0] == name[0]).Select(item => item.Category)]),
    };

    /// <summary>Letters, letter numbers, and the marks and symbols that count as letters.</summary>
    private static CodePointSet Alphabetic() => CodePointClasses.Letter
        .Union(Named("nl")!)
        .Union(PackedTable.Ranges(UnicodeTables.AlphabeticMark))
        .Union(CodePointSet.FromRanges([(0x24B6, 0x24E9), (0x1F130, 0x1F149), (0x1F150, 0x1F169), (0x1F170, 0x1F189)]));

    private static string Simplified(string name) =>
        string.Concat(name.Where(c => c is not (' ' or '-' or '_'))).ToLowerInvariant();
}
