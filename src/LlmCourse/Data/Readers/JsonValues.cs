using System.Text.Json;

namespace LlmCourse.Data;

/// <summary>JSON as plain .NET values.</summary>
internal static class JsonValues
{
    /// <summary>A row from a JSON value that has been parsed, or what is wrong with it.</summary>
    public static DataRow Row(long line, JsonElement element)
    {
        try
        {
            return element.ValueKind == JsonValueKind.Object
                ? DataRow.Good(line, Fields(element))
                : DataRow.Bad(line, $"it is {DataRecord.Described(Value(element))}, not an object.");
        }
        catch (FormatException error)
        {
            return DataRow.Bad(line, error.Message);
        }
        catch (InvalidOperationException) // bytes that are no UTF-8, or half of a surrogate pair
        {
            return DataRow.Bad(line, "a text in it is not valid Unicode.");
        }
    }

    /// <summary>The parser's message without the position, which counts from 0 and from the start of the row.</summary>
    public static string Problem(JsonException error)
    {
        int position = error.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return position < 0 ? error.Message : error.Message[..position];
    }

    private static Dictionary<string, object?> Fields(JsonElement element)
    {
        Dictionary<string, object?> fields = new(StringComparer.Ordinal);
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (!fields.TryAdd(property.Name, Value(property.Value)))
                throw new FormatException($"it has the key \"{property.Name}\" twice.");
        }

        return fields;
    }

    private static object? Value(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => Fields(element),
        JsonValueKind.Array => element.EnumerateArray().Select(Value).ToArray(),
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number => Number(element),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    private static object Number(JsonElement element)
    {
        if (element.TryGetInt64(out long whole))
            return whole;
        string text = element.GetRawText();
        if (text.AsSpan().IndexOfAny(".eE") < 0 && element.TryGetDecimal(out decimal large))
            return large;
        return element.TryGetDouble(out double number) && double.IsFinite(number)
            ? number
            : throw new FormatException($"the number {(text.Length > 40 ? text[..40] + "…" : text)} is too large.");
    }
}
