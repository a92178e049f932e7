using LlmCourse.Runtime;

namespace LlmCourse.Checkpoints;

/// <summary>
/// A checkpoint file or folder cannot be used: it is missing, damaged, of a kind that is not supported, or does not
/// fit what was asked of it. The message names the file, what was found in it and, where something can be done, what to do.
/// </summary>
public sealed class CheckpointException : LlmException
{
    internal CheckpointException(string path, string problem, Exception? innerException = null)
        : base($"{path}: {problem}", innerException) => Path = path;

    /// <summary>The file or folder that the error is about.</summary>
    public string Path { get; }
}
