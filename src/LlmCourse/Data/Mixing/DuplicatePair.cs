namespace LlmCourse.Data;

/// <summary>An example to train on that is also in the test.</summary>
/// <param name="Train">The source of the one in the training data; where it has none, its number, from 0.</param>
/// <param name="Test">The source of the first such one in the test data; where it has none, its number, from 0.</param>
/// <param name="IsExact">True: character by character. False: but for case, blanks and punctuation.</param>
public sealed record DuplicatePair(string Train, string Test, bool IsExact);
