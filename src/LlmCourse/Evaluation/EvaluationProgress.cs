namespace LlmCourse.Evaluation;

/// <summary>How far a measurement has come.</summary>
/// <param name="Done">Examples that are finished.</param>
/// <param name="Total">All of them.</param>
/// <param name="Task">The task of a suite, or null.</param>
public readonly record struct EvaluationProgress(int Done, int Total, string? Task = null);
