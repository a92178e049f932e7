namespace LlmCourse.Generation;

/// <summary>Makes the end of sequence likelier the longer the answer is.</summary>
/// <param name="Start">Up to this many new tokens nothing happens.</param>
/// <param name="Factor">n tokens later the score s of an end of sequence has become s + |s| · (factorⁿ − 1). Above 1: likelier.</param>
public sealed record ExponentialDecay(int Start, double Factor);
