namespace LlmCourse.Generation;

/// <summary>One token of a completion on its way.</summary>
/// <param name="Id">The token.</param>
/// <param name="Text">The text that is certain with it: empty while a character, or what may be a stop string, is unfinished.</param>
public readonly record struct StreamedToken(int Id, string Text);
