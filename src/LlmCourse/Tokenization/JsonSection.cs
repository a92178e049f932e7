using System.Globalization;
using System.Text.Json;
using LlmCourse.Runtime;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization;

/// <summary>A value in a JSON file that knows where it stands, so that every complaint about it can say so.</summary>
internal readonly struct JsonSection
{
    /// <summary>As deep as the reference reads.</summary>
    private const int MaxDepth = 128;

    private readonly JsonElement _element;

    private JsonSection(JsonElement element, string path) => (_element, Path) = (element, path);

    public string Path { get; }

    public bool IsNull => _element.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined;

    public bool IsObject => _element.ValueKind == JsonValueKind.Object;

    public bool IsArray => _element.ValueKind == JsonValueKind.Array;

    public bool IsText => _element.ValueKind == JsonValueKind.String;

    /// <summary>Reads a file's text, which must be an object.</summary>
    public static JsonSection Parse(string json, string file)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json.AsMemory(json.StartsWith('\uFEFF') ? 1 : 0), new JsonDocumentOptions { MaxDepth = MaxDepth });
            JsonSection root = new(document.RootElement.Clone(), file);
            return root.IsObject ? root : throw root.Error("must be an object");
        }
        catch (Exception error) when (error is JsonException or ArgumentException)
        {
            throw new TokenizerException($"{file}: not valid JSON: {error.Message}", error);
        }
    }

    /// <summary>The value of a key; absent is null.</summary>
    public JsonSection this[string key]
    {
        get
        {
            if (!IsObject)
                throw Error("must be an object");
            return new(_element.TryGetProperty(key, out JsonElement value) ? value : default, $"{Path}.{key}");
        }
    }

    /// <summary>The value of a key that must be there.</summary>
    public JsonSection Required(string key)
    {
        JsonSection value = this[key];
        return value._element.ValueKind == JsonValueKind.Undefined ? throw Error($"the key '{key}' is missing") : value;
    }

    /// <summary>The elements of a list.</summary>
    public IReadOnlyList<JsonSection> Items()
    {
        if (!IsArray)
            throw Error("must be a list");
        string path = Path;
        return [.. _element.EnumerateArray().Select((item, index) => new JsonSection(item, $"{path}[{index.ToString(CultureInfo.InvariantCulture)}]"))];
    }

    /// <summary>The keys and values of an object.</summary>
    public IEnumerable<(string Key, JsonSection Value)> Members()
    {
        if (!IsObject)
            throw Error("must be an object");
        foreach (JsonProperty member in _element.EnumerateObject())
        {
            string key = ValidText(() => member.Name);
            yield return (key, new(member.Value, $"{Path}['{key}']"));
        }
    }

    public string Text()
    {
        if (!IsText)
            throw Error("must be a text");
        JsonElement element = _element;
        return ValidText(() => element.GetString()!);
    }

    public string? TextOrNull() => IsNull ? null : Text();

    /// <summary>A text of one character.</summary>
    public int Character()
    {
        int codePoint = CodePoints.Single(Text());
        return codePoint >= 0 ? codePoint : throw Error("must be a single character");
    }

    public bool Flag() => _element.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Error("must be true or false"),
    };

    public bool Flag(bool absent) => IsNull ? absent : Flag();

    /// <summary>A whole number from 0 to a limit.</summary>
    public int Number(int most = int.MaxValue)
    {
        if (_element.ValueKind != JsonValueKind.Number || !_element.TryGetInt64(out long number))
            throw Error("must be a whole number");
        return number >= 0 && number <= most ? (int)number : throw Error($"must be a whole number from 0 to {most.ToString(CultureInfo.InvariantCulture)}");
    }

    /// <summary>A whole number from 0 on; what is too large for us counts as the largest.</summary>
    public int Limit() =>
        _element.ValueKind == JsonValueKind.Number && _element.TryGetUInt64(out ulong number)
            ? (int)Math.Min(number, int.MaxValue)
            : throw Error("must be a whole number, not negative");

    public double Real()
    {
        if (_element.ValueKind != JsonValueKind.Number || !_element.TryGetDouble(out double number) || !double.IsFinite(number))
            throw Error("must be a number");
        return number;
    }

    public TokenizerException Error(string what) => new($"{Path}: {what}, found {Shown()}.");

    /// <summary>The error for a part whose type this library does not know.</summary>
    public TokenizerException Unsupported(string section, string type) =>
        new($"{Path}: the {section} type '{type}' is not known.") { UnsupportedPart = $"{section} {type}" };

    private string Shown()
    {
        if (_element.ValueKind == JsonValueKind.Undefined)
            return "nothing";
        string text = _element.GetRawText();
        return text.Length <= 60 ? text : string.Concat(text.AsSpan(0, 60), "...");
    }

    /// <summary>Text with half a surrogate pair in an escape is no text.</summary>
    private string ValidText(Func<string> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException error)
        {
            throw new TokenizerException($"{Path}: holds a text that is not valid Unicode.", error);
        }
    }
}
