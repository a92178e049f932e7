namespace LlmCourse.Tokenization.Unicode;

/// <summary>The script of each code point.</summary>
internal static class Scripts
{
    private static readonly Lazy<(int First, int Last, int Value)[]> Ranges = new(() => [.. PackedTable.Values(UnicodeTables.Script)]);

    public static CodePointSet Set(string name)
    {
        int script = Array.IndexOf(UnicodeTables.ScriptNames, name);
        return CodePointSet.FromRanges(Ranges.Value.Where(range => range.Value == script).Select(range => (range.First, range.Last)));
    }

    /// <summary>The number of a code point's script in <see cref="UnicodeTables.ScriptNames"/>; -1 where it has none.</summary>
    public static int Of(int codePoint)
    {
        (int First, int Last, int Value)[] ranges = Ranges.Value;
        int low = 0, high = ranges.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (codePoint > ranges[middle].Last)
                low = middle + 1;
            else if (codePoint < ranges[middle].First)
                high = middle - 1;
            else
                return ranges[middle].Value;
        }

        return -1;
    }
}
