using LlmCourse.Runtime;

namespace LlmCourse.Generation;

/// <summary>No token can be chosen: the model's scores are not numbers, or the options forbid every token.</summary>
public sealed class GenerationException : LlmException
{
    /// <summary>Creates the error.</summary>
    /// <param name="message">Where it happened and what to look at.</param>
    public GenerationException(string message)
        : base(message)
    {
    }
}
