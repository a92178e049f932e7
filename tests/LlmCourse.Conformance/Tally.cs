using System.Globalization;
using Xunit.Abstractions;

namespace LlmCourse.Conformance;

/// <summary>
/// What became of the cases of each kind: how many folders, files or entries were found, how many tests passed, failed and
/// were skipped, and why. A test that several kinds claim counts for each.
/// </summary>
internal sealed class Tally
{
    private static readonly string ReportFile = Path.Combine(AppContext.BaseDirectory, "artifacts", "conformance.txt");

    private readonly SortedDictionary<string, Counts> _kinds = new(StringComparer.Ordinal);

    public void Passed(ITestCase test) => Of(test, counts => counts.Passed++);

    public void Failed(ITestCase test) => Of(test, counts => counts.Failed++);

    public void Skipped(ITestCase test, string reason) => Of(test, counts =>
    {
        counts.Skipped++;
        string firstLine = reason.Split('\n', 2)[0].Trim();
        counts.Reasons[firstLine] = counts.Reasons.GetValueOrDefault(firstLine) + 1;
    });

    /// <summary>Writes the table to its file, and gives its lines.</summary>
    public IReadOnlyList<string> Publish()
    {
        string[] lines = [.. Lines()];
        Directory.CreateDirectory(Path.GetDirectoryName(ReportFile)!);
        File.WriteAllLines(ReportFile, lines);
        return lines;
    }

    private IEnumerable<string> Lines()
    {
        yield return Row("kind", "found", "passed", "failed", "skipped");
        foreach ((string kind, Counts counts) in _kinds)
        {
            yield return Row(kind, counts.Found.Count, counts.Passed, counts.Failed, counts.Skipped);
            foreach ((string reason, int times) in counts.Reasons.OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key, StringComparer.Ordinal))
                yield return string.Create(CultureInfo.InvariantCulture, $"{times,10} skipped: {reason}");
        }
    }

    private static string Row(string kind, object found, object passed, object failed, object skipped) =>
        string.Create(CultureInfo.InvariantCulture, $"{kind,-18}{found,8}{passed,8}{failed,8}{skipped,9}");

    private void Of(ITestCase test, Action<Counts> count)
    {
        foreach (string kind in test.Traits.TryGetValue("Kind", out List<string>? kinds) ? kinds : ["(none)"])
        {
            if (!_kinds.TryGetValue(kind, out Counts? counts))
                _kinds.Add(kind, counts = new Counts());
            count(counts);
            if (test.TestMethodArguments is [string found, ..] && !Cases.IsNone(found))
                counts.Found.Add(found);
        }
    }

    private sealed class Counts
    {
        public HashSet<string> Found { get; } = [];

        public SortedDictionary<string, int> Reasons { get; } = new(StringComparer.Ordinal);

        public int Passed { get; set; }

        public int Failed { get; set; }

        public int Skipped { get; set; }
    }
}
