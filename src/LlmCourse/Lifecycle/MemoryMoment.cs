namespace LlmCourse.Lifecycle;

/// <summary>The fullest point of one phase.</summary>
/// <param name="Phase">Which phase: forward, loss, backward, update; or inference.</param>
/// <param name="Parts">What memory holds then.</param>
public sealed record MemoryMoment(string Phase, MemoryParts Parts);
