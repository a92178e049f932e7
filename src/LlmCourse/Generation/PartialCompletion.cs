namespace LlmCourse.Generation;

/// <summary>What <see cref="GenerationOptions.StopWhen"/> is asked about: one completion as far as it has come.</summary>
/// <param name="Row">The index of the prompt in the request.</param>
/// <param name="Text">The text generated so far. The bytes of an unfinished character are not in it yet.</param>
/// <param name="Tokens">The tokens generated so far, the prompt not included. Valid during the call only.</param>
public readonly record struct PartialCompletion(int Row, string Text, IReadOnlyList<int> Tokens);
