namespace LlmCourse.Transformers;

/// <summary>How rotary frequencies are stretched so that a model reads longer texts than it was first trained on.</summary>
public sealed record RotaryScaling
{
    /// <summary>Every wavelength is multiplied by this (linear), or the long ones are (llama 3).</summary>
    public required double Factor { get; init; }

    /// <summary>Llama 3 only: wavelengths above OriginalLength / LowFrequencyFactor are stretched in full. Null: linear scaling.</summary>
    public double? LowFrequencyFactor { get; init; }

    /// <summary>Llama 3 only: wavelengths below OriginalLength / HighFrequencyFactor stay as they are.</summary>
    public double HighFrequencyFactor { get; init; }

    /// <summary>Llama 3 only: the context length of the first training.</summary>
    public int OriginalLength { get; init; }

    internal void Validate(string name)
    {
        if (!(Factor > 0))
            throw new ArgumentException($"{name}.{nameof(Factor)} must be positive, found {Factor}.");
        if (LowFrequencyFactor is not { } low)
            return;
        if (!(low > 0 && HighFrequencyFactor > low))
            throw new ArgumentException($"{name}.{nameof(HighFrequencyFactor)} must be above {nameof(LowFrequencyFactor)}, which must be positive; found {HighFrequencyFactor} and {low}.");
        TransformerConfig.Positive(OriginalLength, $"{name}.{nameof(OriginalLength)}");
    }
}
