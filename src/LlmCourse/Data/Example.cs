using LlmCourse.Tokenization.Chat;

namespace LlmCourse.Data;

/// <summary>One example of a task: a prompt and the completion that a person would give, or a whole conversation.</summary>
/// <param name="Prompt">What the model reads.</param>
/// <param name="Completion">What it should write.</param>
public sealed record Example(string Prompt, string Completion)
{
    /// <summary>TODO</summary>
    public IReadOnlyList<ChatMessage>? Messages { get; init; }

    /// <summary>TODO</summary>
    public string? Task { get; init; }

    /// <summary>TODO</summary>
    public string? Source { get; init; }
}
