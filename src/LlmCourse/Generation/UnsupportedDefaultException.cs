using LlmCourse.Runtime;

namespace LlmCourse.Generation;

/// <summary>
/// The model's own defaults (generation_config.json, or config.json of an old checkpoint) ask for something that would change
/// the result and is not supported, or is not valid. The model can be loaded; it generates once the default is overridden.
/// </summary>
public sealed class UnsupportedDefaultException : LlmException
{
    /// <summary>Creates the error.</summary>
    /// <param name="message">Every such key with its value, and how to override it.</param>
    public UnsupportedDefaultException(string message)
        : base(message)
    {
    }
}
