using LlmCourse.Runtime;

namespace LlmCourse.Adapters;

/// <summary>An adapter that cannot be used with this model: its folder is damaged, of another base, or of a kind that is not supported.</summary>
public sealed class AdapterException : LlmException
{
    internal AdapterException(string path, string problem, Exception? innerException = null)
        : base($"{path}: {problem}", innerException) => Path = path;

    /// <summary>The folder or file, or the adapter's name.</summary>
    public string Path { get; }
}
