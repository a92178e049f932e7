namespace LlmCourse.Runtime;

/// <summary>
/// Lets a library that was built against a newer libstdc++ load on an older one, where that loses nothing. The loader
/// refuses a library for each version it names, used or not; TorchSharp 0.107's names GLIBCXX_3.4.32 for a symbol that
/// nothing refers to, and GLIBCXX_3.4.30 for one that every libstdc++ also has under an older version.
/// </summary>
internal static class ElfRepair
{
    private const ushort Weak = 2;

    /// <summary>Symbols that were given a second, newer version while the first stayed: symbol, newer, older.</summary>
    private static readonly (string Symbol, string Newer, string Older)[] Aliases =
        [("_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE", "GLIBCXX_3.4.30", "GLIBCXX_3.4.11")];

    /// <summary>Changes <paramref name="image"/> in place and says what it changed; nothing to change is an empty list.</summary>
    /// <exception cref="InvalidDataException">The image is not a sound 64-bit ELF library.</exception>
    public static IReadOnlyList<string> Relax(byte[] image)
    {
        ElfLibrary library = new(image);
        List<ElfLibrary.Need> needs = library.Needs();
        ILookup<int, string> used = library.UsedSymbols();
        List<string> changes = [];
        foreach (ElfLibrary.Need need in needs)
        {
            ushort flags = library.UInt16(need.Flags);
            if (!used.Contains(need.Index) && (flags & Weak) == 0)
            {
                library.Write(need.Flags, (ushort)(flags | Weak));
                changes.Add($"{need.Version} is optional");
            }
            else if (Older(need, needs, used[need.Index]) is { } older)
            {
                library.Write(need.Hash, library.UInt32(older.Hash));
                library.Write(need.Name, library.UInt32(older.Name));
                changes.Add($"{need.Version} is {older.Version}");
            }
        }

        return changes;
    }

    private static ElfLibrary.Need? Older(ElfLibrary.Need need, List<ElfLibrary.Need> needs, IEnumerable<string> used)
    {
        string[] symbols = [.. used];
        foreach ((string symbol, string newer, string older) in Aliases)
        {
            if (need.Version == newer && symbols is [var only] && only == symbol)
                return needs.Cast<ElfLibrary.Need?>().FirstOrDefault(other => other!.Value.Library == need.Library && other.Value.Version == older);
        }

        return null;
    }
}
