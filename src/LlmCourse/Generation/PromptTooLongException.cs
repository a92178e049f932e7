using LlmCourse.Runtime;

namespace LlmCourse.Generation;

/// <summary>A prompt leaves no room for an answer. Nothing is ever cut off in silence.</summary>
public sealed class PromptTooLongException : LlmException
{
    /// <summary>Creates the error.</summary>
    /// <param name="message">How long the prompt is, what the limit is, and what to do.</param>
    public PromptTooLongException(string message)
        : base(message)
    {
    }
}
