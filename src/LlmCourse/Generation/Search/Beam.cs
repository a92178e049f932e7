namespace LlmCourse.Generation;

/// <summary>One text of a beam search: what was generated, and what each token scored.</summary>
/// <param name="Tokens">The generated tokens.</param>
/// <param name="Sum">The sum of their processed log-probabilities, in single precision as the device has added them up.</param>
/// <param name="Steps">What is known of each token, the last one first.</param>
internal sealed record Beam(int[] Tokens, float Sum, BeamStep? Steps)
{
    /// <summary>Before the first token.</summary>
    public static Beam Empty { get; } = new([], 0, null);

    /// <summary>Whether it leads anywhere: a beam that fills an empty place does not.</summary>
    public bool IsAlive => !float.IsNegativeInfinity(Sum);

    /// <summary>The same with one more token.</summary>
    public Beam With(BeamCandidate next) => new([.. Tokens, next.Token], next.Sum, new BeamStep(Steps, next));
}
