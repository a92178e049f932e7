namespace LlmCourse;

/// <summary>How a conversation is kept.</summary>
public sealed record ChatOptions
{
    /// <summary>What the model is told before the first turn; null for what its template says by itself, if anything.</summary>
    public string? System { get; init; }

    /// <summary>
    /// Whether the oldest turns are forgotten when the model's context is full, so that there is room for an answer of the length
    /// asked for, or for half of the context if that is less. Default: false, a
    /// <see cref="Generation.PromptTooLongException"/> when nothing more can be said.
    /// </summary>
    public bool DropOldestTurns { get; init; }

    /// <summary>
    /// What else the model's template asks for, by the names it uses: <c>enable_thinking</c> of Qwen 3 and SmolLM3, <c>tools</c>,
    /// <c>date_string</c>. Strings, numbers, booleans, null, lists, dictionaries with string keys, and
    /// <see cref="System.Text.Json.JsonElement"/>. What a template does not know changes nothing.
    /// </summary>
    public IReadOnlyDictionary<string, object?> Variables { get; init; } = new Dictionary<string, object?>();
}
