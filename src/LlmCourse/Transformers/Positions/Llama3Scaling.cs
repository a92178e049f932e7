namespace LlmCourse.Transformers;

/// <summary>
/// The scaling of Llama 3.1 (Grattafiori et al. 2024, and the released code): long wavelengths are stretched, short ones stay, between
/// them the two are blended.
/// </summary>
public sealed record Llama3Scaling : RotaryScaling
{
    /// <summary>What long wavelengths are multiplied by.</summary>
    public required double Factor { get; init; }

    /// <summary>Wavelengths above OriginalLength / LowFrequencyFactor are stretched in full.</summary>
    public required double LowFrequencyFactor { get; init; }

    /// <summary>Wavelengths below OriginalLength / HighFrequencyFactor stay as they are.</summary>
    public required double HighFrequencyFactor { get; init; }

    /// <summary>The context length of the first training.</summary>
    public required int OriginalLength { get; init; }

    internal override float[] Frequencies(double theta, int size, int length) => Array.ConvertAll(Rotary.Plain(theta, size), Scaled);

    internal override void Validate(string name, double theta, int size)
    {
        PositiveNumber(Factor, $"{name}.{nameof(Factor)}");
        if (!(LowFrequencyFactor > 0 && HighFrequencyFactor > LowFrequencyFactor))
            throw new ArgumentException($"{name}.{nameof(HighFrequencyFactor)} must be above {nameof(LowFrequencyFactor)}, which must be positive; found {HighFrequencyFactor} and {LowFrequencyFactor}.");
        TransformerConfig.Positive(OriginalLength, $"{name}.{nameof(OriginalLength)}");
    }

    private float Scaled(float frequency)
    {
        double wavelength = 2 * Math.PI / frequency;
        if (wavelength < OriginalLength / HighFrequencyFactor)
            return frequency;
        if (wavelength > OriginalLength / LowFrequencyFactor)
            return (float)(frequency / Factor);
        double smooth = ((OriginalLength / wavelength) - LowFrequencyFactor) / (HighFrequencyFactor - LowFrequencyFactor);
        return (float)(((1 - smooth) * frequency / Factor) + (smooth * frequency));
    }
}
