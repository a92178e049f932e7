using Xunit.Abstractions;

namespace LlmCourse.Runner;

/// <summary>
/// Chooses tests as <c>dotnet test --filter</c> does: terms joined by &amp; and, more loosely, by |. A term compares a trait
/// (Kind=Models, Category!=Long) or the test's full name (FullyQualifiedName~Attention), or is a part of the name by itself.
/// </summary>
internal sealed class TestFilter(string text)
{
    private readonly string[][] _choices = [.. text.Split('|').Select(choice => choice.Split('&', StringSplitOptions.TrimEntries))];

    public bool Takes(ITestCase test) => _choices.Any(terms => terms.All(term => Holds(term, test)));

    private static bool Holds(string term, ITestCase test) =>
        term.Split("!=") is [string key, string value] ? !Values(test, key).Contains(value)
        : term.Split("!~") is [string without, string part] ? !Values(test, without).Exists(found => found.Contains(part, StringComparison.Ordinal))
        : term.Split('=') is [string equal, string wanted] ? Values(test, equal).Contains(wanted)
        : term.Split('~') is [string with, string piece] ? Values(test, with).Exists(found => found.Contains(piece, StringComparison.Ordinal))
        : Name(test).Contains(term, StringComparison.Ordinal);

    private static List<string> Values(ITestCase test, string key) =>
        key == "FullyQualifiedName" ? [Name(test)] : test.Traits.TryGetValue(key, out List<string>? values) ? values : [];

    private static string Name(ITestCase test) => $"{test.TestMethod.TestClass.Class.Name}.{test.TestMethod.Method.Name}";
}
