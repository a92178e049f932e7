namespace LlmCourse.Data;

/// <summary>What happens to a row that cannot be read.</summary>
public enum MalformedRows
{
    /// <summary>The first one ends the reading with a <see cref="DataException"/>.</summary>
    Refuse,

    /// <summary>They are reported, counted and left out.</summary>
    LeaveOut,
}
