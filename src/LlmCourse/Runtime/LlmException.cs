namespace LlmCourse.Runtime;

/// <summary>
/// The base of every error this library raises about its input: a file, a configuration value, a checkpoint, a text.
/// The message names what was found, where, and what to do. Misuse of the API itself raises <see cref="ArgumentException"/>
/// or <see cref="InvalidOperationException"/> instead.
/// </summary>
public abstract class LlmException : Exception
{
    /// <summary>Creates the error.</summary>
    /// <param name="message">What was found, where, and what to do about it.</param>
    /// <param name="innerException">The error behind this one, if any.</param>
    protected LlmException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
