using LlmCourse.Tokenization.Chat;

namespace LlmCourse.Data;

/// <summary>One thing to learn or to be tested on: a prompt and what should follow it, or a conversation.</summary>
public sealed record Example
{
    /// <summary>A prompt and its completion.</summary>
    /// <param name="prompt">What the model is given.</param>
    /// <param name="completion">What it should go on with.</param>
    public Example(string prompt, string completion)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(completion);
        (Prompt, Completion) = (prompt, completion);
    }

    /// <summary>A conversation, from whose assistant turns there is to learn.</summary>
    /// <param name="messages">The turns; at least one.</param>
    public Example(IReadOnlyList<ChatMessage> messages)
        : this("", "")
    {
        ArgumentNullException.ThrowIfNull(messages);
        if (messages.Count == 0)
            throw new ArgumentException("A conversation has at least one turn.", nameof(messages));
        Messages = messages;
    }

    /// <summary>What the model is given; empty for a conversation.</summary>
    public string Prompt { get; init; }

    /// <summary>What it should go on with; empty for a conversation.</summary>
    public string Completion { get; init; }

    /// <summary>Acceptable answers, for evaluation: there may be several by different people. Unset: <see cref="Completion"/>, or the last turn of a conversation.</summary>
    public IReadOnlyList<string> References
    {
        get => field ?? [Messages.Count > 0 ? Messages[^1].Content : Completion];
        init;
    }

    /// <summary>The turns of a conversation; empty where there is a prompt and a completion.</summary>
    public IReadOnlyList<ChatMessage> Messages { get; } = [];

    /// <summary>The task this is an example of, for mixtures and for reports by task.</summary>
    public string? Task { get; init; }

    /// <summary>Where it comes from: file and line.</summary>
    public string? Source { get; init; }
}
