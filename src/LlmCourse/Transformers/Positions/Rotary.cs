using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Transformers;

/// <summary>
/// Rotary position embedding (Su et al. 2021): pair i of a head turns by position · θ^(−2i/d). In fp32, as the
/// checkpoints were trained.
/// </summary>
internal sealed class Rotary : IDisposable
{
    private readonly PositionTable _cos;
    private readonly PositionTable _sin;

    public Rotary(PositionConfig config, int headSize)
    {
        // Made when needed: a configuration may name any size, and only its agreement with a file makes it credible.
        Lazy<float[]> frequencies = new(() => Frequencies(config, headSize));
        int pairs = (config.RotarySize ?? headSize) / 2;
        _cos = Table(frequencies, pairs, MathF.Cos);
        _sin = Table(frequencies, pairs, MathF.Sin);
    }

    /// <summary>The inverse wavelengths, one per pair, scaled as configured; in fp32 as the checkpoints were trained.</summary>
    public static float[] Frequencies(PositionConfig config, int headSize)
    {
        int size = config.RotarySize ?? headSize;
        float[] frequencies = new float[size / 2];
        for (int i = 0; i < frequencies.Length; i++)
        {
            frequencies[i] = 1f / (float)Math.Pow(config.Theta, 2f * i / size);
            if (config.Scaling is { } scaling)
                frequencies[i] = Scaled(frequencies[i], scaling);
        }

        return frequencies;
    }

    /// <summary>Cosines and sines at the given positions, each [B or 1, T, 1, d/2].</summary>
    public Angles At(PositionNumbers positions, ScalarType type, Device device)
    {
        return new Angles(
            positions.Rows(_cos.AtLeast(positions.Needed, type, device)).unsqueeze(2),
            positions.Rows(_sin.AtLeast(positions.Needed, type, device)).unsqueeze(2));
    }

    public void Dispose()
    {
        _cos.Dispose();
        _sin.Dispose();
    }

    private static PositionTable Table(Lazy<float[]> frequencies, int pairs, Func<float, float> function) => new(pairs, (position, row) =>
    {
        for (int i = 0; i < row.Length; i++)
            row[i] = function(position * frequencies.Value[i]);
    });

    // Llama 3.1: long wavelengths are stretched by the factor, short ones stay, between them the two are blended.
    private static float Scaled(float frequency, RotaryScaling scaling)
    {
        if (scaling.LowFrequencyFactor is not { } low)
            return (float)(frequency / scaling.Factor);
        double wavelength = 2 * Math.PI / frequency;
        if (wavelength < scaling.OriginalLength / scaling.HighFrequencyFactor)
            return frequency;
        if (wavelength > scaling.OriginalLength / low)
            return (float)(frequency / scaling.Factor);
        double smooth = ((scaling.OriginalLength / wavelength) - low) / (scaling.HighFrequencyFactor - low);
        return (float)(((1 - smooth) * frequency / scaling.Factor) + (smooth * frequency));
    }

    /// <summary>Cosines and sines of one forward pass, each [B or 1, T, 1, d/2].</summary>
    internal sealed record Angles(Tensor Cos, Tensor Sin);
}
