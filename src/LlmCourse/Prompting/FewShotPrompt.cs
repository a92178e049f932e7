namespace LlmCourse.Prompting;

/// <summary>A finished prompt and what went into it.</summary>
/// <param name="Text">The prompt.</param>
/// <param name="Shots">How many examples it has.</param>
/// <param name="Dropped">How many were asked for and did not fit the token budget.</param>
public sealed record FewShotPrompt(string Text, int Shots, int Dropped)
{
    /// <inheritdoc/>
    public override string ToString() => Text;
}
