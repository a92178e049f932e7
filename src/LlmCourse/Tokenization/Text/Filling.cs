namespace LlmCourse.Tokenization.Text;

/// <summary>What fills up encodings that are shorter than a length.</summary>
internal sealed record Filling(TextToken Token, int Length, bool IsOnLeft);
