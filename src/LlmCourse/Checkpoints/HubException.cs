using System.Net;
using LlmCourse.Runtime;

namespace LlmCourse.Checkpoints;

/// <summary>
/// A model could not be downloaded from the hub: it does not exist, is not open to everybody, the network or the disk failed, or
/// what came is not what was announced. The message says what to do.
/// </summary>
public sealed class HubException : LlmException
{
    internal HubException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }

    /// <summary>What the server answered; null where it did not come to an answer.</summary>
    public HttpStatusCode? Status { get; internal init; }

    /// <summary>Whether the same request may succeed a little later.</summary>
    internal bool IsTransient { get; init; }

    /// <summary>How long the server asks to be left alone.</summary>
    internal TimeSpan? RetryAfter { get; init; }
}
