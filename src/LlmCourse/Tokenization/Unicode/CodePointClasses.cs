using System.Globalization;

namespace LlmCourse.Tokenization.Unicode;

/// <summary>
/// The classes of code points the format's parts use. They stem from different versions of Unicode, so each part names its own;
/// none depends on the culture or on what the operating system knows.
/// </summary>
internal static class CodePointClasses
{
    private static readonly Lazy<CodePointSet> LazyLetter = Packed(UnicodeTables.Letter);
    private static readonly Lazy<CodePointSet> LazyNumber = Packed(UnicodeTables.Number);
    private static readonly Lazy<CodePointSet> LazyNumeric = Packed(UnicodeTables.Numeric);
    private static readonly Lazy<CodePointSet> LazyPunctuation = Packed(UnicodeTables.BertPunctuation);
    private static readonly Lazy<CodePointSet> LazyBertRemoved = Packed(UnicodeTables.BertRemoved);
    private static readonly Lazy<CodePointSet> LazyBertAccent = Packed(UnicodeTables.BertAccent);
    private static readonly Lazy<CodePointSet> LazyMark = Packed(UnicodeTables.Mark);
    private static readonly Lazy<CodePointSet> LazyWord = new(MakeWord);

    /// <summary>White space as every part of the format has it.</summary>
    public static CodePointSet Space { get; } = CodePointSet.FromRanges(
        [(9, 13), (32, 32), (0x85, 0x85), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000)]);

    /// <summary>BERT's "Chinese" ideographs; its table leaves out U+2B820 to U+2B91F.</summary>
    public static CodePointSet Ideograph { get; } = CodePointSet.FromRanges(
        [(0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2A6DF), (0x2A700, 0x2B81F), (0x2B920, 0x2CEAF), (0x2F800, 0x2FA1F)]);

    /// <summary>\p{L} of the regular expressions.</summary>
    public static CodePointSet Letter => LazyLetter.Value;

    /// <summary>\p{N} of the regular expressions.</summary>
    public static CodePointSet Number => LazyNumber.Value;

    /// <summary>What the Digits pre-tokenizer calls numeric.</summary>
    public static CodePointSet Numeric => LazyNumeric.Value;

    /// <summary>What the BertPreTokenizer and Punctuation call punctuation: all ASCII symbols and an old \p{P}.</summary>
    public static CodePointSet Punctuation => LazyPunctuation.Value;

    /// <summary>What BertNormalizer's clean_text removes.</summary>
    public static CodePointSet BertRemoved => LazyBertRemoved.Value;

    /// <summary>What BertNormalizer's strip_accents removes (Mn).</summary>
    public static CodePointSet BertAccent => LazyBertAccent.Value;

    /// <summary>What StripAccents removes (all marks).</summary>
    public static CodePointSet Mark => LazyMark.Value;

    /// <summary>\w as the added tokens and the Whitespace pre-tokenizer have it: joiners are word characters there.</summary>
    public static CodePointSet Word => LazyWord.Value;

    public static CodePointSet Category(params UnicodeCategory[] categories) =>
        CodePointSet.Where(codePoint => categories.Contains(CharUnicodeInfo.GetUnicodeCategory(codePoint)));

    private static CodePointSet MakeWord() => CodePointSet
        .Where(codePoint => CharUnicodeInfo.GetUnicodeCategory(codePoint) is UnicodeCategory.LetterNumber
            or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.ConnectorPunctuation
            or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark)
        .Union(Letter)
        .Union(CodePointSet.FromRanges([(0x200C, 0x200D), (0x24B6, 0x24E9), (0x1F130, 0x1F149), (0x1F150, 0x1F169), (0x1F170, 0x1F189)]));

    private static Lazy<CodePointSet> Packed(string table) => new(() => PackedTable.Ranges(table));
}
