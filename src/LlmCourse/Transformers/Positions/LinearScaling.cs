namespace LlmCourse.Transformers;

/// <summary>Position interpolation (Chen et al. 2023, arXiv:2306.15595, eq. 4): every wavelength is multiplied by the factor.</summary>
public sealed record LinearScaling : RotaryScaling
{
    /// <summary>What wavelengths are multiplied by.</summary>
    public required double Factor { get; init; }

    internal override float[] Frequencies(double theta, int size, int length) =>
        Array.ConvertAll(Rotary.Plain(theta, size), frequency => (float)(frequency / Factor));

    internal override int Reach(int count) => Times(count, Factor);

    internal override void Validate(string name, double theta, int size) => PositiveNumber(Factor, $"{name}.{nameof(Factor)}");
}
