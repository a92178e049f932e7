using System.Text.Json;

namespace LlmCourse.Conformance;

/// <summary>The keyword arguments of a reference case. What nobody reads makes the case one that is not supported.</summary>
internal sealed class Settings(JsonElement given)
{
    private readonly HashSet<string> _read = [];

    public bool Has(string key) => Find(key) is not null;

    public double Number(string key, double otherwise) => Find(key)?.GetDouble() ?? otherwise;

    /// <summary>One number of a list.</summary>
    public double Number(string key, double otherwise, int index) => Find(key)?[index].GetDouble() ?? otherwise;

    public bool Flag(string key, bool otherwise = false) => Find(key)?.GetBoolean() ?? otherwise;

    public string Text(string key, string otherwise) => Find(key)?.GetString() ?? otherwise;

    public void SkipUnread(params string[] known)
    {
        string[] unread = [.. given.EnumerateObject().Select(entry => entry.Name).Except(_read).Except(known)];
        Skip.If(unread.Length > 0, $"not supported: {string.Join(", ", unread)}");
    }

    private JsonElement? Find(string key)
    {
        _read.Add(key);
        return given.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }
}
