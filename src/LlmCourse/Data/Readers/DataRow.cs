namespace LlmCourse.Data;

/// <summary>What a reader found in one place: fields, or a problem.</summary>
internal readonly record struct DataRow(long Line, IReadOnlyDictionary<string, object?>? Fields, string? Problem)
{
    public static DataRow Good(long line, IReadOnlyDictionary<string, object?> fields) => new(line, fields, null);

    public static DataRow Bad(long line, string problem) => new(line, null, problem);
}
