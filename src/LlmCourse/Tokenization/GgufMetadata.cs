using System.Collections;
using System.Globalization;
using LlmCourse.Runtime;

namespace LlmCourse.Tokenization;

/// <summary>The tokenizer's keys in a GGUF file's metadata.</summary>
internal sealed class GgufMetadata(IReadOnlyDictionary<string, object> metadata)
{
    public const string Prefix = "tokenizer.ggml.";

    public string? ChatTemplate => metadata.GetValueOrDefault("tokenizer.chat_template") as string;

    public bool Has(string key) => Value(key) is not null;

    public string? Text(string key) => Value(key) is not object value ? null
        : value as string ?? throw new TokenizerException($"GGUF: {Prefix}{key} must be a text.");

    public bool? Flag(string key) => Value(key) is not object value ? null
        : value as bool? ?? throw new TokenizerException($"GGUF: {Prefix}{key} must be true or false.");

    public int? Number(string key) => Value(key) is object value ? Converted<int>(key, value) : null;

    public List<T>? List<T>(string key)
    {
        if (Value(key) is not object value)
            return null;
        if (value is string or not IEnumerable)
            throw new TokenizerException($"GGUF: {Prefix}{key} must be a list.");
        return [.. ((IEnumerable)value).Cast<object>().Select(item => Converted<T>(key, item))];
    }

    /// <summary>The bytes of a list of bytes of either sign.</summary>
    public byte[]? Bytes(string key) => Value(key) switch
    {
        null => null,
        byte[] bytes => bytes,
        sbyte[] signed => [.. signed.Select(value => unchecked((byte)value))],
        _ => throw new TokenizerException($"GGUF: {Prefix}{key} must be a list of bytes."),
    };

    public static TokenizerException Missing(string key) => new($"GGUF: the metadata has no usable {Prefix}{key}.");

    public static TokenizerException Unsupported(string key, string value) =>
        new($"GGUF: {Prefix}{key} '{value}' is not supported.") { UnsupportedPart = $"{Prefix}{key} {value}" };

    private object? Value(string key) => metadata.GetValueOrDefault(Prefix + key);

    private static T Converted<T>(string key, object value)
    {
        if (value is T same)
            return same;
        try
        {
            if (value is IConvertible and not string && typeof(T) != typeof(string))
                return (T)Convert.ChangeType(value, typeof(T), CultureInfo.InvariantCulture);
        }
        catch (Exception error) when (error is OverflowException or InvalidCastException)
        {
            throw new TokenizerException($"GGUF: {Prefix}{key}: {value} does not fit.", error);
        }

        throw new TokenizerException($"GGUF: {Prefix}{key} holds a value of the wrong type, {value?.GetType().Name ?? "null"}.");
    }
}
