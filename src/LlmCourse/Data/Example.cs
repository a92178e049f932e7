using LlmCourse.Tokenization.Chat;

namespace LlmCourse.Data;

/// <summary>One example of a task: a prompt and the completion that a person would give, or a whole conversation.</summary>
public sealed record Example(string Prompt, string Completion)
{
    public IReadOnlyList<ChatMessage>? Messages { get; init; }

    public string? Task { get; init; }

    public string? Source { get; init; }
}
