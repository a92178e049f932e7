namespace LlmCourse.Data;

/// <summary>How large the parts of a <see cref="Split"/> are, and what must stay together.</summary>
public sealed record SplitOptions
{
    /// <summary>The share of the groups that goes to validation, from 0 to below 1. Not together with <see cref="ValidationCount"/>.</summary>
    public double ValidationShare { get; init; }

    /// <summary>The share of the groups that goes to the test, from 0 to below 1. Not together with <see cref="TestCount"/>.</summary>
    public double TestShare { get; init; }

    /// <summary>At least how many examples go to validation: whole groups, until there are enough.</summary>
    public int? ValidationCount { get; init; }

    /// <summary>At least how many examples go to the test: whole groups, until there are enough.</summary>
    public int? TestCount { get; init; }

    /// <summary>Decides which groups go where.</summary>
    public long Seed { get; init; }

    /// <summary>
    /// What an example belongs to: all examples with one key go to one part. Unset: prompt and completion, so that equal examples
    /// stay together. Where there are several examples of one dialogue, give the dialogue.
    /// </summary>
    public Func<Example, string>? GroupBy { get; init; }

    internal void Check()
    {
        Share(ValidationShare, ValidationCount, nameof(ValidationShare), nameof(ValidationCount));
        Share(TestShare, TestCount, nameof(TestShare), nameof(TestCount));
        if (ValidationShare + TestShare >= 1)
            throw new ArgumentException($"{nameof(ValidationShare)} {ValidationShare} and {nameof(TestShare)} {TestShare} leave nothing to train on.");
    }

    private static void Share(double share, int? count, string shareName, string countName)
    {
        if (!(share >= 0 && share < 1))
            throw new ArgumentOutOfRangeException(shareName, share, $"{shareName} must be from 0 to below 1.");
        if (count is < 0)
            throw new ArgumentOutOfRangeException(countName, count, $"{countName} must not be negative.");
        if (share > 0 && count is not null)
            throw new ArgumentException($"Give {shareName} or {countName}, not both.");
    }
}
