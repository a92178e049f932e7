using System.Globalization;

namespace LlmCourse.Data;

/// <summary>A value as text for a template.</summary>
internal static class FieldText
{
    /// <summary>
    /// Texts as they are, numbers with a point, truths as <c>true</c> and <c>false</c>, dates in ISO 8601, a list of those with
    /// commas. Null for anything else.
    /// </summary>
    public static string? Of(object? value) => value switch
    {
        string text => text,
        bool truth => truth ? "true" : "false",
        DateTime time => time.ToString("s", CultureInfo.InvariantCulture),
        long or double or decimal => ((IFormattable)value).ToString(null, CultureInfo.InvariantCulture),
        byte[] => null,
        IReadOnlyList<object?> list when list.Select(item => item is IReadOnlyList<object?> ? null : Of(item)).ToArray() is var texts && Array.TrueForAll(texts, text => text is not null) => string.Join(", ", texts),
        _ => null,
    };
}
