using System.Globalization;
using Xunit.Abstractions;

namespace LlmCourse.Runner;

/// <summary>What became of the tests, by kind: the trait Kind, or the chapter that a test's namespace names.</summary>
/// <param name="file">Gets a line as each test starts and ends: if the process dies, those that have only started are at fault.</param>
internal sealed class Results(TextWriter file)
{
    private readonly SortedDictionary<string, Counts> _kinds = new(StringComparer.Ordinal);

    public int Passed { get; private set; }

    public int Failed { get; private set; }

    private int Skipped { get; set; }

    public void Take(IMessageSinkMessage message)
    {
        switch (message)
        {
            case ITestStarting starting:
                file.WriteLine($"started {starting.Test.DisplayName}");
                break;
            case ITestPassed passed:
                file.WriteLine($"passed {passed.Test.DisplayName}");
                Passed++;
                Count(passed.TestCase, counts => counts.Passed++);
                break;
            case ITestSkipped skipped:
                file.WriteLine($"skipped {skipped.Test.DisplayName}");
                Skipped++;
                string reason = skipped.Reason.Split('\n')[0].Trim();
                Count(skipped.TestCase, counts => counts.Reasons[reason] = counts.Reasons.GetValueOrDefault(reason) + 1);
                break;
            case ITestFailed failed:
                file.WriteLine($"failed {failed.Test.DisplayName}");
                Report(failed.Test.DisplayName, failed.TestCase, failed);
                break;
            case ITestClassCleanupFailure failure:
                Report($"the clean-up of {failure.TestClass.Class.Name}", failure.TestCases.First(), failure);
                break;
            case ITestCollectionCleanupFailure failure:
                Report($"the clean-up of {failure.TestCollection.DisplayName}", failure.TestCases.First(), failure);
                break;
            case IErrorMessage error:
                Failed++;
                Console.WriteLine($"failed: {Describe(error)}");
                break;
        }
    }

    public IEnumerable<string> Table()
    {
        yield return Row("kind", "passed", "failed", "skipped");
        foreach ((string kind, Counts counts) in _kinds)
        {
            yield return Row(kind, counts.Passed, counts.Failed, counts.Reasons.Values.Sum());
            foreach ((string reason, int times) in counts.Reasons.OrderByDescending(entry => entry.Value))
                yield return string.Create(CultureInfo.InvariantCulture, $"{times,10} skipped: {reason}");
        }

        yield return string.Create(CultureInfo.InvariantCulture, $"{Passed} passed, {Failed} failed, {Skipped} skipped");
    }

    private void Report(string name, ITestCase test, IFailureInformation failure)
    {
        Failed++;
        Count(test, counts => counts.Failed++);
        Console.WriteLine($"failed: {name}: {Describe(failure)}");
    }

    private static string Describe(IFailureInformation failure) =>
        string.Join('\n', failure.Messages.Zip(failure.StackTraces, (message, stack) => $"{message}\n{stack}"));

    private void Count(ITestCase test, Action<Counts> count)
    {
        string[] parts = test.TestMethod.TestClass.Class.Name.Split('.');
        foreach (string kind in test.Traits.TryGetValue("Kind", out List<string>? kinds) ? kinds : [parts.Length > 3 ? parts[2] : "(root)"])
        {
            if (!_kinds.TryGetValue(kind, out Counts? counts))
                _kinds.Add(kind, counts = new Counts());
            count(counts);
        }
    }

    private static string Row(string kind, object passed, object failed, object skipped) =>
        string.Create(CultureInfo.InvariantCulture, $"{kind,-20}{passed,8}{failed,8}{skipped,9}");

    private sealed class Counts
    {
        public int Passed { get; set; }

        public int Failed { get; set; }

        public SortedDictionary<string, int> Reasons { get; } = new(StringComparer.Ordinal);
    }
}
