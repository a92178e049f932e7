using System.Collections;
using System.Globalization;
using System.Numerics;
using System.Text.Json;

namespace LlmCourse.Tokenization.Chat;

/// <summary>Turns what a caller passes (.NET values, JSON) into values of the template language.</summary>
internal static class ChatValues
{
    public static object? From(object? value) => From(value, "");

    private static object? From(object? value, string where)
    {
        Run.CheckStack();
        return value switch
        {
            null or bool or string or BigInteger or double or PyList or PyDict => value,
            JsonElement json => FromJson(json),
            float single => (double)single,
            sbyte or byte or short or ushort or int or uint or long => new BigInteger(Convert.ToInt64(value, CultureInfo.InvariantCulture)),
            ulong large => new BigInteger(large),
            IDictionary dictionary => FromDictionary(dictionary.Keys.Cast<object>().Select(k => KeyValuePair.Create(k, dictionary[k])), where),
            IEnumerable<KeyValuePair<string, object?>> pairs => FromDictionary(pairs.Select(p => KeyValuePair.Create((object)p.Key, p.Value)), where),
            IEnumerable items => new PyList([.. items.Cast<object?>().Select(item => From(item, where))]),
            _ => throw new ArgumentException($"A chat template cannot take a value of type {value.GetType()}{where}; pass strings, numbers, booleans, lists, dictionaries or JSON."),
        };
    }

    private static PyDict FromDictionary(IEnumerable<KeyValuePair<object, object?>> entries, string where)
    {
        var dict = new PyDict();
        foreach ((object key, object? value) in entries)
            dict[key as string ?? throw new ArgumentException($"A chat template takes dictionaries with string keys only{where}.")] = From(value, $" (in '{key}')");
        return dict;
    }

    /// <summary>A message without the keys that are null: to a template, no content and null content are one.</summary>
    public static PyDict Message(JsonElement message)
    {
        if (message.ValueKind != JsonValueKind.Object)
            throw ChatTemplateException.Evaluation("a message of the conversation is not a JSON object");
        var dict = new PyDict();
        foreach (JsonProperty property in message.EnumerateObject().Where(p => p.Value.ValueKind != JsonValueKind.Null))
            dict[property.Name] = FromJson(property.Value);
        return WithReasoning(dict);
    }

    /// <summary>
    /// Reasoning goes by several names. As in transformers, a template finds it under <c>reasoning_content</c> and <c>thinking</c>,
    /// whichever of them the message has.
    /// </summary>
    private static PyDict WithReasoning(PyDict message)
    {
        if (!message.TryGet("reasoning_content", out object? reasoning) && !message.TryGet("thinking", out reasoning) && !message.TryGet("reasoning", out reasoning))
            return message;
        var dict = new PyDict { ["thinking"] = reasoning };
        foreach ((object? key, object? value) in message.Entries)
            dict[key] = value;
        dict["reasoning_content"] = reasoning;
        return dict;
    }

    private static object? FromJson(JsonElement json)
    {
        Run.CheckStack();
        switch (json.ValueKind)
        {
            case JsonValueKind.Object:
                var dict = new PyDict();
                foreach (JsonProperty property in json.EnumerateObject())
                    dict[property.Name] = FromJson(property.Value);
                return dict;
            case JsonValueKind.Array:
                return new PyList([.. json.EnumerateArray().Select(FromJson)]);
            case JsonValueKind.String:
                return json.GetString();
            case JsonValueKind.Number:
                string text = json.GetRawText();
                return text.AsSpan().IndexOfAny('.', 'e', 'E') >= 0
                    ? double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture)
                    : text.Length <= 4300 ? BigInteger.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture)
                    : throw ChatTemplateException.Limit("an integer of more than 4300 digits cannot be passed");
            case JsonValueKind.True or JsonValueKind.False:
                return json.GetBoolean();
            default:
                return null;
        }
    }
}
