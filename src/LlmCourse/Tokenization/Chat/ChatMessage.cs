namespace LlmCourse.Tokenization.Chat;

/// <summary>One turn of a conversation.</summary>
/// <param name="Role">Who speaks: usually <c>system</c>, <c>user</c>, <c>assistant</c> or <c>tool</c>.</param>
/// <param name="Content">What is said.</param>
public sealed record ChatMessage(string Role, string Content);
