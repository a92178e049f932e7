namespace LlmCourse.Data;

/// <summary>
/// How often each task of a <see cref="Mixture"/> comes. As it stands: in proportion to the sizes.
/// </summary>
public sealed record MixtureOptions
{
    /// <summary>A task counts as no larger than this, so that one huge task does not drown the others. Unset: no limit. At least 1.</summary>
    public long? Limit { get; init; }

    /// <summary>1: in proportion to the (limited) sizes. Larger: more alike. Infinity: all tasks alike. At least 1.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Decides the order.</summary>
    public long Seed { get; init; }

    internal void Check()
    {
        if (Limit is < 1)
            throw new ArgumentOutOfRangeException(nameof(Limit), Limit, $"{nameof(Limit)} must be at least 1.");
        if (!(Temperature >= 1))
            throw new ArgumentOutOfRangeException(nameof(Temperature), Temperature, $"{nameof(Temperature)} must be at least 1; infinity makes all tasks alike.");
    }
}
