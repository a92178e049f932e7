namespace LlmCourse.Adapters;

/// <summary>How adapters are combined.</summary>
public sealed record CombinationOptions
{
    /// <summary>The method; concatenation is exact.</summary>
    public CombinationMethod Method { get; init; } = CombinationMethod.Concatenation;

    /// <summary>The rank of the result with <see cref="CombinationMethod.Svd"/>; null for the largest of the adapters'.</summary>
    public int? Rank { get; init; }

    /// <summary>The share of elements that <see cref="CombinationMethod.Ties"/> and <see cref="CombinationMethod.MagnitudePrune"/> keep.</summary>
    public double Density { get; init; } = 0.5;

    /// <summary>Whether the majority's sign is that of most adapters, not that of their sum.</summary>
    public bool SignByFrequency { get; init; }

    internal CombinationOptions Validate() => Density is not (> 0 and <= 1) ? throw new ArgumentException($"{nameof(CombinationOptions)}.{nameof(Density)} is {Density} and must be in (0, 1].")
        : Rank is < 1 ? throw new ArgumentException($"{nameof(CombinationOptions)}.{nameof(Rank)} is {Rank} and must be at least 1.")
        : this;
}
