using LlmCourse.Runtime;

namespace LlmCourse.Transformers;

/// <summary>A model configuration lacks a value, or has one that cannot be.</summary>
public sealed class ConfigException : LlmException
{
    /// <summary>Creates the error.</summary>
    public ConfigException(string message)
        : base(message)
    {
    }
}
