namespace LlmCourse.Generation;

/// <summary>A text that is at an end.</summary>
/// <param name="Beam">The text.</param>
/// <param name="Score">Its sum / its length ^ length penalty.</param>
/// <param name="Reason">Why it ended.</param>
internal sealed record FinishedBeam(Beam Beam, float Score, FinishReason Reason);
