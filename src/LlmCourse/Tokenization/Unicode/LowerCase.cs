namespace LlmCourse.Tokenization.Unicode;

/// <summary>Lower-casing one character at a time, without regard to language or neighbours (no final sigma).</summary>
internal static class LowerCase
{
    private static readonly Lazy<Dictionary<int, int[]>> LazyTable = new(() => PackedTable.Mapping(UnicodeTables.Lower));

    /// <summary>The lower-case form of a code point, or null if that is itself.</summary>
    public static int[]? Of(int codePoint) =>
        codePoint < 0x80
            ? codePoint is >= 'A' and <= 'Z' ? Ascii[codePoint - 'A'] : null
            : LazyTable.Value.GetValueOrDefault(codePoint);

    /// <summary>All code points with their lower-case forms.</summary>
    public static IReadOnlyDictionary<int, int[]> Table => LazyTable.Value;

    private static readonly int[][] Ascii = [.. Enumerable.Range('a', 26).Select(letter => new[] { letter })];
}
