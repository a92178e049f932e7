using LlmCourse.Runtime;

namespace LlmCourse.Transformers;

/// <summary>A model is of a kind, or has a setting that changes results, which this library does not support.</summary>
public sealed class UnsupportedModelException : LlmException
{
    /// <summary>Creates the error.</summary>
    public UnsupportedModelException(string message)
        : base(message)
    {
    }
}
