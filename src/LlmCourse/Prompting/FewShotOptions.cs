namespace LlmCourse.Prompting;

/// <summary>Which examples of a <see cref="FewShot"/> go into a prompt, and how long it may become.</summary>
public sealed record FewShotOptions
{
    /// <summary>How many examples: 0 is zero-shot, 1 one-shot. Unset: all there are. Asking for more than there are is an error.</summary>
    public int? Count { get; init; }

    /// <summary>Shuffles the examples, the same way for the same seed, before the first <see cref="Count"/> are taken. Unset: as they were added.</summary>
    public long? ShuffleSeed { get; init; }

    /// <summary>
    /// The most tokens the prompt may have: the model's context less the tokens of the answer. The last examples are left out
    /// until it fits. Needs <see cref="CountTokens"/>.
    /// </summary>
    public int? TokenBudget { get; init; }

    /// <summary>Counts the tokens of a text, special tokens included.</summary>
    public Func<string, int>? CountTokens { get; init; }
}
