using LlmCourse.Runtime;

namespace LlmCourse.Data;

/// <summary>
/// Data that cannot be used: a file that is missing, empty or damaged, a malformed row, a row without a field that a template
/// needs, a template that makes no sense. The message names the file, the row and what was found.
/// </summary>
public sealed class DataException : LlmException
{
    internal DataException(string path, string problem, Exception? innerException = null)
        : base($"{path}: {problem}", innerException) => Path = path;

    internal DataException(string path, long line, string problem, Exception? innerException = null)
        : base($"{path}:{line}: {problem}", innerException) => (Path, Line) = (path, line);

    /// <summary>The file, or what the error is about where there is no file.</summary>
    public string Path { get; }

    /// <summary>The physical line on which the row begins (in Parquet the number of the row), from 1; null where the whole file is meant.</summary>
    public long? Line { get; }
}
