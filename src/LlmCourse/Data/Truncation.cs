namespace LlmCourse.Data;

/// <summary>What happens to an example that is longer than it may be. Whatever it is, a <see cref="DataReport"/> tells how often.</summary>
public enum Truncation
{
    /// <summary>
    /// The end is cut off. Of an encoder's input the special token that ends it is kept; a decoder-only example loses the end
    /// of its completion first.
    /// </summary>
    CutEnd,

    /// <summary>The start is cut off, behind a leading special token: a decoder-only example keeps its completion.</summary>
    CutStart,

    /// <summary>The example is left out.</summary>
    LeaveOut,

    /// <summary>A <see cref="DataException"/> names the example.</summary>
    Refuse,
}
