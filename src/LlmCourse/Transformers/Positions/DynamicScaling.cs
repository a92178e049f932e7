namespace LlmCourse.Transformers;

/// <summary>
/// Dynamic NTK-aware scaling (Peng et al. 2023, arXiv:2309.00071, appendix B.1 and eq. 16): beyond the original length L the base of
/// a sequence of n tokens is θ · (s · n / L − (s − 1))^(d / (d − 2)), for all its positions. Each token more turns all of them anew.
/// </summary>
public sealed record DynamicScaling : RotaryScaling
{
    /// <summary>The factor s.</summary>
    public required double Factor { get; init; }

    /// <summary>The context length L of the first training: up to it, and with it, nothing is stretched.</summary>
    public required int OriginalLength { get; init; }

    internal override bool Varies => true;

    internal override int Variant(int length) => length > OriginalLength ? length : 0;

    internal override float[] Frequencies(double theta, int size, int length)
    {
        double longer = (Factor * Math.Max(length, OriginalLength) / OriginalLength) - (Factor - 1);
        return Rotary.Plain(length > OriginalLength ? theta * Math.Pow(longer, size / (size - 2.0)) : theta, size);
    }

    internal override int Reach(int count) => Times(count, Factor);

    internal override void Validate(string name, double theta, int size)
    {
        if (!(Factor >= 1 && double.IsFinite(Factor)))
            throw new ArgumentException($"{name}.{nameof(Factor)} must be at least 1, found {Factor}.");
        TransformerConfig.Positive(OriginalLength, $"{name}.{nameof(OriginalLength)}");
        if (size <= 2)
            throw new ArgumentException($"{name}: dynamic scaling needs more than 2 rotated elements, found {size}.");
    }
}
