namespace LlmCourse.Runtime;

/// <summary>A tokenizer file that cannot be used, or a text that the tokenizer in it cannot encode.</summary>
public sealed class TokenizerException : LlmException
{
    /// <summary>Creates the error.</summary>
    /// <param name="message">What was found, where, and what to do about it.</param>
    /// <param name="innerException">The error behind this one, if any.</param>
    public TokenizerException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }

    /// <summary>The part of the file that this library does not support, if that is the reason: its section and type.</summary>
    public string? UnsupportedPart { get; init; }
}
