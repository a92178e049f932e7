namespace LlmCourse.Conformance;

/// <summary>Turns the folders of a kind into test cases; a kind without any gives one case that skips.</summary>
internal static class Cases
{
    /// <summary>The only case of a kind without folders or files.</summary>
    public const string None = "(none found)";

    /// <summary>Whether a case's name says that there is nothing of its kind.</summary>
    public static bool IsNone(string name) => name.Length == 0 || name.StartsWith("(no", StringComparison.Ordinal);

    public static TheoryData<string> Of(string kind, Func<string, bool> has)
    {
        TheoryData<string> cases = [];
        foreach (string folder in Shared.Folders(kind).Where(has))
            cases.Add(Path.GetFileName(folder));
        if (cases.Count == 0)
            cases.Add(None);
        return cases;
    }

    /// <summary>Those of some folders that fulfil more; of a kind without any, still the one that skips.</summary>
    public static TheoryData<string> Among(TheoryData<string> folders, Func<string, bool> has) =>
        Named(((IEnumerable<object[]>)folders).Select(row => (string)row[0]).Where(name => name != None && has(name)));

    /// <summary>Cases by their names; null where the file that lists them is absent.</summary>
    public static TheoryData<string> Named(IEnumerable<string>? names)
    {
        TheoryData<string> cases = [.. names ?? []];
        if (cases.Count == 0)
            cases.Add(None);
        return cases;
    }

    /// <summary>The folder of a case, or a skip where there is none.</summary>
    public static string Folder(string kind, string name)
    {
        Skip.If(Shared.Root is null, Shared.NoRoot);
        Skip.If(name == None, $"{Shared.Root} has no such folder under {kind}");
        return Path.Combine(Shared.Root!, kind, name);
    }
}
