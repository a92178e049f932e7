namespace LlmCourse.Transformers;

/// <summary>A normalisation.</summary>
public enum NormKind
{
    /// <summary>LayerNorm, with weight and bias.</summary>
    Layer,

    /// <summary>RMSNorm, weight only (Zhang and Sennrich 2019).</summary>
    Rms,
}
