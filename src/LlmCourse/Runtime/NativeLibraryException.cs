namespace LlmCourse.Runtime;

/// <summary>The native libraries behind TorchSharp could not be loaded. The message lists everything that was tried.</summary>
public sealed class NativeLibraryException : LlmException
{
    /// <summary>Creates the error.</summary>
    /// <param name="message">What was tried, and what to do about it.</param>
    /// <param name="innerException">The last error of the system's loader, if any.</param>
    public NativeLibraryException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
