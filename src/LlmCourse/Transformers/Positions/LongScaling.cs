namespace LlmCourse.Transformers;

/// <summary>
/// LongRoPE (Ding et al. 2024, arXiv:2402.13753), as Phi-3 has it: a factor of its own for each pair's wavelength, one set for
/// sequences up to the original length and another, for all positions, for longer ones.
/// </summary>
public sealed record LongScaling : RotaryScaling
{
    /// <summary>For each pair what its wavelength is multiplied by in sequences of at most <see cref="OriginalLength"/> tokens.</summary>
    public required IReadOnlyList<double> ShortFactors { get; init; }

    /// <summary>The same for longer ones.</summary>
    public required IReadOnlyList<double> LongFactors { get; init; }

    /// <summary>The context length of the first training.</summary>
    public required int OriginalLength { get; init; }

    /// <summary>How many times longer the context is than the original one.</summary>
    public required double Factor { get; init; }

    /// <summary>What cosines and sines are multiplied by; null is √(1 + ln(Factor) / ln(OriginalLength)).</summary>
    public double? AttentionFactor { get; init; }

    internal override double Amplitude => AttentionFactor ?? (Factor <= 1 ? 1 : Math.Sqrt(1 + (Math.Log(Factor) / Math.Log(OriginalLength))));

    internal override bool Varies => true;

    internal override int Variant(int length) => length > OriginalLength ? 1 : 0;

    internal override float[] Frequencies(double theta, int size, int length)
    {
        IReadOnlyList<double> factors = length > OriginalLength ? LongFactors : ShortFactors;
        return [.. Enumerable.Range(0, size / 2).Select(i => 1f / ((float)factors[i] * (float)Math.Pow(theta, 2f * i / size)))];
    }

    internal override void Validate(string name, double theta, int size)
    {
        PositiveNumber(Factor, $"{name}.{nameof(Factor)}");
        if (OriginalLength <= 1)
            throw new ArgumentException($"{name}.{nameof(OriginalLength)} must be above 1, found {OriginalLength}.");
        if (AttentionFactor is { } factor)
            PositiveNumber(factor, $"{name}.{nameof(AttentionFactor)}");
        foreach ((IReadOnlyList<double> factors, string set) in new[] { (ShortFactors, nameof(ShortFactors)), (LongFactors, nameof(LongFactors)) })
        {
            if (factors.Count != size / 2)
                throw new ArgumentException($"{name}.{set} must have one number for each of {size / 2} pairs, found {factors.Count}.");
            foreach (double value in factors)
                PositiveNumber(value, $"{name}.{set}");
        }
    }
}
