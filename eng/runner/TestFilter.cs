using Xunit.Abstractions;

namespace LlmCourse.Runner;

/// <summary>
/// Chooses tests as <c>dotnet test --filter</c> does: terms joined by &amp; and, more loosely, by |. A term compares a trait
/// (Kind=Models, Category!=Long), the test's full name (FullyQualifiedName~Attention) or the name that results show (DisplayName), or is
/// a part of the full name by itself. As there, letters' case does not count.
/// </summary>
internal sealed class TestFilter
{
    private readonly string[][] _choices;

    private TestFilter(string text) => _choices = [.. text.Split('|').Select(choice => choice.Split('&', StringSplitOptions.TrimEntries))];

    /// <summary>The filter that a text describes; null where it has brackets.</summary>
    public static TestFilter? Parse(string text) => text.AsSpan().IndexOfAny('(', ')') >= 0 ? null : new TestFilter(text);

    public bool Takes(ITestCase test) => _choices.Any(terms => terms.All(term => Holds(term, test)));

    private static bool Holds(string term, ITestCase test) =>
        term.Split("!=") is [string key, string value] ? !Values(test, key).Contains(value, StringComparer.OrdinalIgnoreCase)
        : term.Split("!~") is [string without, string part] ? !Values(test, without).Exists(found => found.Contains(part, StringComparison.OrdinalIgnoreCase))
        : term.Split('=') is [string equal, string wanted] ? Values(test, equal).Contains(wanted, StringComparer.OrdinalIgnoreCase)
        : term.Split('~') is [string with, string piece] ? Values(test, with).Exists(found => found.Contains(piece, StringComparison.OrdinalIgnoreCase))
        : Name(test).Contains(term, StringComparison.OrdinalIgnoreCase);

    private static List<string> Values(ITestCase test, string key) => key.ToUpperInvariant() switch
    {
        "FULLYQUALIFIEDNAME" => [Name(test)],
        "DISPLAYNAME" => [test.DisplayName],
        _ => [.. test.Traits.Where(trait => trait.Key.Equals(key, StringComparison.OrdinalIgnoreCase)).SelectMany(trait => trait.Value)],
    };

    private static string Name(ITestCase test) => $"{test.TestMethod.TestClass.Class.Name}.{test.TestMethod.Method.Name}";
}
