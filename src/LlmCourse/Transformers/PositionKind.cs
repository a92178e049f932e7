namespace LlmCourse.Transformers;

/// <summary>How order enters a stack.</summary>
public enum PositionKind
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>Fixed sines and cosines added to the embeddings (Vaswani et al. 2017, section 3.5).</summary>
    Sinusoidal,

    /// <summary>A trained table added to the embeddings.</summary>
    Learned,

    /// <summary>Queries and keys are rotated by their position (Su et al. 2021).</summary>
    Rotary,

    /// <summary>A trained bias on scores by bucketed distance (Raffel et al. 2020).</summary>
    RelativeBias,
}
