namespace LlmCourse.Tokenization;

/// <summary>An end of a token sequence.</summary>
public enum Side
{
    /// <summary>The end.</summary>
    Right,

    /// <summary>The beginning.</summary>
    Left,
}
