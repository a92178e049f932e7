using LlmCourse.Tokenization.Chat;

namespace LlmCourse.Data;

/// <summary>
/// Makes an <see cref="Example"/> of a row. The gaps of its texts are fields of the row: <c>{dialogue}</c>, or with a path into
/// objects and lists <c>{translation.de}</c>, <c>{answers.text.0}</c>. Numbers are written with a point, a list of plain values
/// with commas. It has either <see cref="Prompt"/> and <see cref="Completion"/>, or <see cref="Messages"/>, or
/// <see cref="MessagesField"/>. Immutable.
/// </summary>
public sealed record ExampleTemplate
{
    /// <summary>What it is called in errors.</summary>
    public required string Name { get; init; }

    /// <summary>The task that its examples get, if any.</summary>
    public string? Task { get; init; }

    /// <summary>What the model is given.</summary>
    public PromptTemplate? Prompt { get; init; }

    /// <summary>What it should go on with.</summary>
    public PromptTemplate? Completion { get; init; }

    /// <summary>The turns of a conversation, with gaps in them.</summary>
    public IReadOnlyList<(string Role, PromptTemplate Content)> Messages { get; init; } = [];

    /// <summary>The field that has a finished conversation: a list of objects with the texts <c>role</c> and <c>content</c>.</summary>
    public string? MessagesField { get; init; }

    /// <summary>The fields with acceptable answers, each a text or a list of texts. Empty: the completion is the one there is.</summary>
    public IReadOnlyList<string> References { get; init; } = [];

    /// <summary>Words for values: for the field <c>label</c>, <c>0</c> may be <c>negative</c>. A value without a word is an error.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> Labels { get; init; } = new Dictionary<string, IReadOnlyDictionary<string, string>>();

    /// <summary>A template for rows that have a finished conversation.</summary>
    /// <param name="field">The field with the list of turns.</param>
    /// <returns>The template.</returns>
    public static ExampleTemplate FromMessages(string field = "messages") => new() { Name = $"the messages in \"{field}\"", MessagesField = field };

    /// <summary>Makes an example of a row.</summary>
    /// <param name="record">The row.</param>
    /// <returns>The example, with the row's place as its source.</returns>
    /// <exception cref="DataException">The row lacks a field, or has something in it that is no text; or the template makes no sense.</exception>
    public Example Fill(DataRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        Check();
        Example example = MessagesField is not null ? new Example(Conversation(record))
            : Messages.Count > 0 ? new Example([.. Messages.Select(turn => new ChatMessage(turn.Role, Filled(turn.Content, record)))])
            : new Example(Filled(Prompt!, record), Filled(Completion!, record));
        example = example with { Task = Task, Source = record.Source };
        return References.Count == 0 ? example : example with { References = [.. References.SelectMany(field => Answers(field, record))] };
    }

    /// <summary>Refuses a template that has too little or too much.</summary>
    internal void Check()
    {
        if (string.IsNullOrWhiteSpace(Name))
            throw new DataException("a template", $"{nameof(Name)} is empty.");
        int kinds = (Prompt is not null || Completion is not null ? 1 : 0) + (Messages.Count > 0 ? 1 : 0) + (MessagesField is not null ? 1 : 0);
        if (kinds != 1 || Prompt is null != Completion is null)
            throw new DataException($"template \"{Name}\"", $"it must have either {nameof(Prompt)} and {nameof(Completion)}, or {nameof(Messages)}, or {nameof(MessagesField)}.");
        if (Messages.Any(turn => string.IsNullOrWhiteSpace(turn.Role)))
            throw new DataException($"template \"{Name}\"", $"a turn in {nameof(Messages)} has no role.");
    }

    private string Filled(PromptTemplate template, DataRecord record) =>
        template.Format(template.Fields.ToDictionary(field => field, field => Text(field, record), StringComparer.Ordinal));

    private string Text(string field, DataRecord record)
    {
        object? value = Value(field, record);
        string text = FieldText.Of(value) ?? throw Unfit(field, value, record, "a text or number");
        if (!Labels.TryGetValue(field, out IReadOnlyDictionary<string, string>? words))
            return text;
        return words.TryGetValue(text, out string? word) ? word
            : throw new DataException(record.File, record.Line, $"the field \"{field}\" is \"{text}\", for which the template \"{Name}\" has no word; it has {string.Join(", ", words.Keys.Select(key => $"\"{key}\""))}.");
    }

    private IEnumerable<string> Answers(string field, DataRecord record) => Value(field, record) switch
    {
        IReadOnlyList<object?> { Count: > 0 } list when list.All(item => item is string) => list.Cast<string>(),
        IReadOnlyList<object?> other => throw Unfit(field, other, record, "a list with texts in it"),
        _ => [Text(field, record)],
    };

    private List<ChatMessage> Conversation(DataRecord record)
    {
        object? value = Value(MessagesField!, record);
        if (value is not IReadOnlyList<object?> { Count: > 0 } turns)
            throw Unfit(MessagesField!, value, record, "a list of turns");
        return [.. turns.Select((turn, number) => new ChatMessage(Part(turn, number, "role"), Part(turn, number, "content")))];

        string Part(object? turn, int number, string name) =>
            turn is IReadOnlyDictionary<string, object?> parts && parts.GetValueOrDefault(name) is string text ? text
            : throw new DataException(record.File, record.Line, $"turn {number} of the field \"{MessagesField}\" has no text \"{name}\".");
    }

    private object? Value(string field, DataRecord record) =>
        record.TryFind(field, out object? value) ? value : throw record.Missing(field, $", which the template \"{Name}\" needs");

    private DataException Unfit(string field, object? value, DataRecord record, string needed) =>
        new(record.File, record.Line, $"the field \"{field}\" is {(value is IReadOnlyList<object?> { Count: 0 } ? "an empty list" : DataRecord.Described(value))}; the template \"{Name}\" needs {needed} there.");
}
