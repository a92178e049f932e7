namespace LlmCourse.Conformance;

/// <summary>Kinds whose work comes later: every folder and file of them is a case that says so.</summary>
public sealed class PlannedTests
{
    public static TheoryData<string> Rl() => Found("rl");


    [SkippableTheory]
    [Trait("Kind", "Rl")]
    [MemberData(nameof(Rl))]
    public void Alignment_follows_the_reference(string name) => SkipAs(name, "rl");

    private static TheoryData<string> Found(string kind)
    {
        string folder = Path.Combine(Shared.Root ?? "", kind);
        TheoryData<string> cases = [];
        if (Shared.Root is not null && Directory.Exists(folder))
            cases.AddRange([.. Directory.EnumerateFileSystemEntries(folder).Select(entry => Path.GetFileName(entry)).Where(IsCase).Order(StringComparer.Ordinal)]);
        if (cases.Count == 0)
            cases.Add(Cases.None);
        return cases;
    }

    private static bool IsCase(string name) => name != "index.json" && !name.StartsWith("README", StringComparison.Ordinal);

    private static void SkipAs(string name, string kind)
    {
        Skip.If(Shared.Root is null, Shared.NoRoot);
        Skip.If(Cases.IsNone(name), $"{Shared.Root} has nothing under {kind}");
        Skip.If(true, "not supported yet");
    }
}
