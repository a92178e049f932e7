namespace LlmCourse.Tokenization;

/// <summary>Which of two texts gives way where both are too long together.</summary>
public enum TruncationStrategy
{
    /// <summary>The longer one, until both have the same length.</summary>
    LongestFirst,

    /// <summary>The first.</summary>
    OnlyFirst,

    /// <summary>The second.</summary>
    OnlySecond,
}
