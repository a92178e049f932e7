using LlmCourse.Runtime;

namespace LlmCourse.Transformers;

/// <summary>A sequence is longer than the model can read.</summary>
public sealed class SequenceTooLongException : LlmException
{
    /// <summary>Creates the error.</summary>
    public SequenceTooLongException(string message)
        : base(message)
    {
    }
}
