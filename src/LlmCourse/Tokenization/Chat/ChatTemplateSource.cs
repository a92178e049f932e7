using System.Text.Json;

namespace LlmCourse.Tokenization.Chat;

/// <summary>Finds a model folder's chat template.</summary>
internal static class ChatTemplateSource
{
    public const string DefaultName = "default";

    /// <summary>What is taken where there are tools.</summary>
    public const string ToolName = "tool_use";

    private const string ConfigFile = "tokenizer_config.json";
    private const string SingleFile = "chat_template.jinja";
    private const string NamedFolder = "additional_chat_templates";

    // Far above any published template; a file named like one may be anything.
    private const long MaxBytes = 1 << 22;

    /// <summary>
    /// The text of the template of the given name, or null where there is none. A separate file wins over
    /// <c>tokenizer_config.json</c>, where <c>chat_template</c> is a text or a list of names and texts.
    /// </summary>
    public static string? Find(string folder, string name = DefaultName)
    {
        // The name becomes a file's name: it must not lead out of the folder.
        if (name.Length == 0 || name.AsSpan().IndexOfAny("/\\:") >= 0 || name is "." or "..")
            throw new ArgumentException($"'{name}' cannot be the name of a chat template.", nameof(name));
        string separate = name == DefaultName
            ? Path.Combine(folder, SingleFile) : Path.Combine(folder, NamedFolder, name + ".jinja");
        return ReadText(separate) ?? FromConfig(Path.Combine(folder, ConfigFile), name);
    }

    private static string? FromConfig(string path, string name)
    {
        if (ReadText(path) is not { } text)
            return null;
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("chat_template", out JsonElement given) ? Pick(given, name, path) : null;
        }
        catch (JsonException e)
        {
            throw new ChatTemplateException(ChatTemplateError.Syntax, $"{path} is not valid JSON: {e.Message}", innerException: e);
        }
    }

    private static string? Pick(JsonElement given, string name, string path)
    {
        switch (given.ValueKind)
        {
            case JsonValueKind.Null:
                return null;
            case JsonValueKind.String:
                return name == DefaultName ? given.GetString() : null;
            case JsonValueKind.Array:
                foreach (JsonElement entry in given.EnumerateArray())
                {
                    if (entry.ValueKind != JsonValueKind.Object || Text(entry, "name") is not { } entryName || Text(entry, "template") is not { } template)
                        throw Malformed(path);
                    if (entryName == name)
                        return template;
                }

                return null;
            default:
                throw Malformed(path);
        }
    }

    private static string? Text(JsonElement entry, string key) =>
        entry.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static ChatTemplateException Malformed(string path) => new(
        ChatTemplateError.Syntax, $"'chat_template' in {path} must be a text or a list of objects with the texts 'name' and 'template'");

    private static string? ReadText(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
            return null;
        return file.Length <= MaxBytes || Path.GetFileName(path) == ConfigFile ? File.ReadAllText(path)
            : throw ChatTemplateException.Limit($"{path} has {file.Length} bytes, more than the {MaxBytes} a chat template may have");
    }
}
