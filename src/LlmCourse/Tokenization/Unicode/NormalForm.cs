namespace LlmCourse.Tokenization.Unicode;

/// <summary>
/// Unicode's normal forms with an account of what became of each character, which <see cref="string.Normalize()"/> cannot give.
/// The result is a list of code points, each with a change: 0 replaces the next character of the source, 1 is inserted,
/// -n replaces the next one and swallows n more.
/// </summary>
internal static class NormalForm
{
    private const int SyllableBase = 0xAC00, LeadBase = 0x1100, VowelBase = 0x1161, TailBase = 0x11A7;
    private const int Leads = 19, Vowels = 21, Tails = 28, Syllables = Leads * Vowels * Tails;

    private static readonly Lazy<Dictionary<int, int[]>> LazyCanonical = new(() => PackedTable.Mapping(UnicodeTables.Canonical));
    private static readonly Lazy<Dictionary<int, int[]>> LazyCompatibility = new(() => PackedTable.Mapping(UnicodeTables.Compatibility));
    private static readonly Lazy<Dictionary<int, int>> Classes = new(MakeClasses);
    private static readonly Lazy<Dictionary<(int, int), int>> Composites = new(MakeComposites);

    /// <summary>NFD or NFKD.</summary>
    public static List<(int CodePoint, int Change)> Decompose(ReadOnlySpan<char> text, bool compatibility)
    {
        List<(int CodePoint, int Change)> result = new(text.Length);
        for (int i = 0; i < text.Length;)
        {
            int codePoint = CodePoints.At(text, i);
            i += CodePoints.Width(codePoint);
            Append(codePoint, compatibility, result);
        }

        Reorder(result);
        return result;
    }

    /// <summary>NFC or NFKC.</summary>
    public static List<(int CodePoint, int Change)> Compose(ReadOnlySpan<char> text, bool compatibility)
    {
        List<(int CodePoint, int Change)> parts = Decompose(text, compatibility);
        List<(int CodePoint, int Change)> result = new(parts.Count);
        int starter = -1, lastClass = 0;
        foreach ((int codePoint, int change) in parts)
        {
            int combiningClass = ClassOf(codePoint);
            bool adjacent = starter == result.Count - 1;
            if (starter >= 0 && (adjacent || lastClass < combiningClass) && Composite(result[starter].CodePoint, codePoint) is int composite)
            {
                // The composite takes over what its part stood for: one source character, or nothing if it had been inserted.
                result[starter] = (composite, result[starter].Change + change - 1);
                continue;
            }

            result.Add((codePoint, change));
            if (combiningClass == 0)
                starter = result.Count - 1;
            lastClass = combiningClass;
        }

        return result;
    }

    private static void Append(int codePoint, bool compatibility, List<(int, int)> result)
    {
        int change = 0;
        if (compatibility && LazyCompatibility.Value.TryGetValue(codePoint, out int[]? compatible))
        {
            foreach (int part in compatible)
                change = AppendCanonical(part, change, result);
        }
        else
        {
            AppendCanonical(codePoint, change, result);
        }
    }

    private static int AppendCanonical(int codePoint, int change, List<(int, int)> result)
    {
        int syllable = codePoint - SyllableBase;
        if (syllable is >= 0 and < Syllables)
        {
            result.Add((LeadBase + syllable / (Vowels * Tails), change));
            result.Add((VowelBase + syllable % (Vowels * Tails) / Tails, 1));
            if (syllable % Tails != 0)
                result.Add((TailBase + syllable % Tails, 1));
        }
        else if (codePoint >= 0xC0 && LazyCanonical.Value.TryGetValue(codePoint, out int[]? parts))
        {
            foreach (int part in parts)
            {
                result.Add((part, change));
                change = 1;
            }
        }
        else
        {
            result.Add((codePoint, change));
        }

        return 1;
    }

    /// <summary>Puts runs of combining characters into the order of their classes; a stable sort.</summary>
    private static void Reorder(List<(int CodePoint, int Change)> text)
    {
        for (int i = 0; i < text.Count; i++)
        {
            if (text[i].CodePoint < 0x300 || ClassOf(text[i].CodePoint) == 0)
                continue;
            int end = i + 1;
            while (end < text.Count && ClassOf(text[end].CodePoint) != 0)
                end++;
            if (end - i > 1)
            {
                (int CodePoint, int Change)[] run = [.. text.GetRange(i, end - i).OrderBy(item => ClassOf(item.CodePoint))];
                for (int k = 0; k < run.Length; k++)
                    text[i + k] = run[k];
            }

            i = end - 1;
        }
    }

    private static int ClassOf(int codePoint) => codePoint < 0x300 ? 0 : Classes.Value.GetValueOrDefault(codePoint);

    private static int? Composite(int first, int second)
    {
        int lead = first - LeadBase, vowel = second - VowelBase;
        if (lead is >= 0 and < Leads && vowel is >= 0 and < Vowels)
            return SyllableBase + (lead * Vowels + vowel) * Tails;
        int syllable = first - SyllableBase, tail = second - TailBase;
        if (syllable is >= 0 and < Syllables && syllable % Tails == 0 && tail is > 0 and < Tails)
            return first + tail;
        return Composites.Value.TryGetValue((first, second), out int composite) ? composite : null;
    }

    private static Dictionary<int, int> MakeClasses()
    {
        Dictionary<int, int> classes = [];
        foreach ((int first, int last, int value) in PackedTable.Values(UnicodeTables.CombiningClass))
        {
            for (int codePoint = first; codePoint <= last; codePoint++)
                classes.Add(codePoint, value);
        }

        return classes;
    }

    /// <summary>
    /// A character composes if NFKC leaves it alone although it has a decomposition of several characters, or if it is the
    /// compatibility of one of these that NFKC replaces. Of two with the same decomposition, the later is an alias.
    /// </summary>
    private static Dictionary<(int, int), int> MakeComposites()
    {
        Dictionary<string, int> byParts = [];
        foreach ((int codePoint, int[] parts) in LazyCanonical.Value.OrderBy(pair => pair.Key))
        {
            if (parts.Length > 1 && (!LazyCompatibility.Value.ContainsKey(codePoint) || parts.Any(LazyCompatibility.Value.ContainsKey)))
                byParts.TryAdd(string.Join(' ', parts), codePoint);
        }

        Dictionary<(int, int), int> composites = [];
        foreach (int codePoint in byParts.Values)
        {
            int[] parts = LazyCanonical.Value[codePoint];
            int first = parts.Length == 2 ? parts[0] : byParts.GetValueOrDefault(string.Join(' ', parts[..^1]), -1);
            if (first >= 0)
                composites.Add((first, parts[^1]), codePoint);
        }

        return composites;
    }
}
