namespace LlmCourse.Tokenization.Chat;

/// <summary>A rendered conversation, and which parts of it the template marks as said by the assistant (in UTF-16 units).</summary>
internal sealed record RenderedChat(string Text, IReadOnlyList<(int Start, int End)> AssistantSpans);
