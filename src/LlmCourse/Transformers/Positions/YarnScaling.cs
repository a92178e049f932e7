namespace LlmCourse.Transformers;

/// <summary>
/// YaRN (Peng et al. 2023, arXiv:2309.00071, section 3.4): pairs that turn often within the original length stay, those that turn
/// seldom are stretched, and between them a ramp over the pairs blends the two; attention is sharpened by <see cref="Amplitude"/>.
/// </summary>
public sealed record YarnScaling : RotaryScaling
{
    /// <summary>What long wavelengths are multiplied by.</summary>
    public required double Factor { get; init; }

    /// <summary>The context length L of the first training.</summary>
    public required int OriginalLength { get; init; }

    /// <summary>Pairs that turn at least this often within the original length stay as they are.</summary>
    public double BetaFast { get; init; } = 32;

    /// <summary>Pairs that turn at most this often are stretched in full.</summary>
    public double BetaSlow { get; init; } = 1;

    /// <summary>Whether the ramp begins and ends at whole pairs, the next ones outwards.</summary>
    public bool Truncate { get; init; } = true;

    /// <summary>What cosines and sines are multiplied by; null is 0.1 · ln(Factor) + 1.</summary>
    public double? AttentionFactor { get; init; }

    internal override double Amplitude => AttentionFactor ?? Sharpness(Factor, 1);

    /// <summary>m(k) = 0.1 · k · ln(factor) + 1 (eq. 22; k is 1 there).</summary>
    internal static double Sharpness(double factor, double k) => factor <= 1 ? 1 : (0.1 * k * Math.Log(factor)) + 1;

    internal override float[] Frequencies(double theta, int size, int length)
    {
        (double low, double high) = Ramp(theta, size);
        float[] frequencies = Rotary.Plain(theta, size);
        for (int i = 0; i < frequencies.Length; i++)
        {
            double stretched = Math.Clamp((i - low) / (high - low), 0, 1);
            frequencies[i] = (float)((frequencies[i] / Factor * stretched) + (frequencies[i] * (1 - stretched)));
        }

        return frequencies;
    }

    internal override int Reach(int count) => Math.Max(count, Times(OriginalLength, Factor));

    internal override void Validate(string name, double theta, int size)
    {
        PositiveNumber(Factor, $"{name}.{nameof(Factor)}");
        TransformerConfig.Positive(OriginalLength, $"{name}.{nameof(OriginalLength)}");
        if (!(BetaSlow > 0 && BetaFast >= BetaSlow))
            throw new ArgumentException($"{name}.{nameof(BetaFast)} must not be below {nameof(BetaSlow)}, which must be positive; found {BetaFast} and {BetaSlow}.");
        if (theta <= 1)
            throw new ArgumentException($"{name}: YaRN needs a theta above 1, found {theta}.");
        if (AttentionFactor is { } factor)
            PositiveNumber(factor, $"{name}.{nameof(AttentionFactor)}");
    }

    // From which pair to which the ramp goes. Pair i turns L / (2π · θ^(2i/d)) times within L, which is solved for i.
    private (double Low, double High) Ramp(double theta, int size)
    {
        double Pair(double turns) => size * Math.Log(OriginalLength / (turns * 2 * Math.PI)) / (2 * Math.Log(theta));
        double low = Pair(BetaFast), high = Pair(BetaSlow);
        if (Truncate)
            (low, high) = (Math.Floor(low), Math.Ceiling(high));
        (low, high) = (Math.Max(low, 0), Math.Min(high, size - 1));
        return (low, low == high ? high + 0.001 : high); // a ramp without width is a step
    }
}
