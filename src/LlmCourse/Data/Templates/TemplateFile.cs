using System.Text.Json;
using System.Text.Json.Serialization;
using LlmCourse.Tokenization.Chat;

namespace LlmCourse.Data;

/// <summary>Reads templates from JSON: <c>{ "templates": [ … ] }</c>. See docs/data.md.</summary>
internal static class TemplateFile
{
    private const long Limit = 16 << 20;

    private static readonly JsonSerializerOptions Strict = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>The templates of a stream, in their order.</summary>
    /// <exception cref="DataException">It has none, or one of them is wrong; the message names the template and the property.</exception>
    public static IReadOnlyList<ExampleTemplate> Read(string path, Stream stream)
    {
        if (stream.Length > Limit)
            throw new DataException(path, $"it is larger than {Limit >> 20} MB, which no file of templates is.");
        List<ExampleTemplate> templates = [];
        try
        {
            using JsonDocument document = JsonDocument.Parse(stream);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("templates", out JsonElement list) || list.ValueKind != JsonValueKind.Array)
                throw new DataException(path, "it must be an object with an array \"templates\".");
            if (document.RootElement.EnumerateObject().Count() > 1)
                throw new DataException(path, "it must have nothing but \"templates\".");
            foreach (JsonElement element in list.EnumerateArray())
                templates.Add(Template(path, templates.Count, element));
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new DataException(path, (error as JsonException)?.LineNumber + 1 ?? 1, $"it is not JSON: {(error is JsonException json ? JsonValues.Problem(json) : "a text in it is not valid Unicode.")}", error);
        }

        if (templates.Count == 0)
            throw new DataException(path, "it has no templates.");
        if (templates.CountBy(template => template.Name).FirstOrDefault(name => name.Value > 1).Key is { } twice)
            throw new DataException(path, $"the template \"{twice}\" is there twice.");
        return templates;
    }

    private static ExampleTemplate Template(string path, int place, JsonElement element)
    {
        string which = element.ValueKind == JsonValueKind.Object && element.TryGetProperty("name", out JsonElement name) && name.ValueKind == JsonValueKind.String
            ? $"template \"{name}\"" : $"template number {place + 1}";
        Entry entry;
        try
        {
            entry = element.Deserialize<Entry>(Strict) ?? throw new JsonException("It is null.");
        }
        catch (JsonException error)
        {
            throw new DataException(path, $"{which}{(error.Path is { Length: > 1 } at ? $", property \"{at.TrimStart('$', '.')}\"" : "")}: {JsonValues.Problem(error).Split(" Path:")[0]}", error);
        }

        try
        {
            ExampleTemplate template = new()
            {
                Name = entry.Name,
                Task = entry.Task,
                Prompt = Gaps("prompt", entry.Prompt),
                Completion = Gaps("completion", entry.Completion),
                Messages = [.. (entry.Messages ?? []).Select((turn, number) => (turn.Role, Gaps($"messages[{number}].content", turn.Content)!))],
                MessagesField = entry.MessagesField,
                References = entry.References ?? [],
                Labels = (entry.Labels ?? []).ToDictionary(field => field.Key, field => (IReadOnlyDictionary<string, string>)field.Value),
            };
            template.Check();
            return template;
        }
        catch (DataException error)
        {
            throw new DataException(path, error.Message, error);
        }

        PromptTemplate? Gaps(string property, string? text)
        {
            try
            {
                return text is null ? null : new PromptTemplate(text);
            }
            catch (ArgumentException error)
            {
                throw new DataException(which, $"property \"{property}\": {error.Message}", error);
            }
        }
    }

    private sealed record Entry
    {
        public required string Name { get; init; }

        public string? Task { get; init; }

        public string? Prompt { get; init; }

        public string? Completion { get; init; }

        public List<ChatMessage>? Messages { get; init; }

        public string? MessagesField { get; init; }

        public List<string>? References { get; init; }

        public Dictionary<string, Dictionary<string, string>>? Labels { get; init; }
    }
}
