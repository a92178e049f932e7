using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.Patterns;

/// <summary>Which code points are the same when case is ignored (one to one only).</summary>
internal static class CaseFolding
{
    private static readonly Lazy<Dictionary<int, int[]>> Classes = new(MakeClasses);

    /// <summary>Adds to a set whatever differs from a member in case only.</summary>
    public static CodePointSet Close(CodePointSet set)
    {
        List<(int, int)> more = [];
        foreach (int[] same in Classes.Value.Values)
        {
            if (same.Any(set.Contains))
                more.AddRange(same.Select(codePoint => (codePoint, codePoint)));
        }

        return more.Count == 0 ? set : set.Union(CodePointSet.FromRanges(more));
    }

    public static bool AreSame(int a, int b) => a == b || Fold(a) == Fold(b);

    private static int Fold(int codePoint) => LowerCase.Of(Special(codePoint)) is [int lower] ? lower : Special(codePoint);

    /// <summary>Lower-case letters that fold to another one.</summary>
    private static int Special(int codePoint) => codePoint switch
    {
        0xB5 => 0x3BC,
        0x17F => 's',
        0x345 or 0x1FBE => 0x3B9,
        0x3C2 => 0x3C3,
        0x3D0 => 0x3B2,
        0x3D1 => 0x3B8,
        0x3D5 => 0x3C6,
        0x3D6 => 0x3C0,
        0x3F0 => 0x3BA,
        0x3F1 => 0x3C1,
        0x3F5 => 0x3B5,
        0x1E9B => 0x1E61,
        _ => codePoint,
    };

    private static Dictionary<int, int[]> MakeClasses()
    {
        Dictionary<int, SortedSet<int>> classes = [];
        int[] special = [0xB5, 0x17F, 0x345, 0x1FBE, 0x3C2, 0x3D0, 0x3D1, 0x3D5, 0x3D6, 0x3F0, 0x3F1, 0x3F5, 0x1E9B];
        foreach (int codePoint in LowerCase.Table.Keys.Concat(special))
        {
            int folded = Fold(codePoint);
            if (!classes.TryGetValue(folded, out SortedSet<int>? same))
                classes.Add(folded, same = [folded]);
            same.Add(codePoint);
        }

        return classes.ToDictionary(pair => pair.Key, pair => pair.Value.ToArray());
    }
}
