namespace LlmCourse.Data;

/// <summary>A row that could not be read and was left out.</summary>
/// <param name="File">The file.</param>
/// <param name="Line">The physical line on which the row begins (in Parquet the number of the row), from 1.</param>
/// <param name="Problem">What is wrong with it.</param>
public sealed record MalformedRow(string File, long Line, string Problem);
