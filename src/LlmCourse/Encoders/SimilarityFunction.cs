namespace LlmCourse.Encoders;

/// <summary>How two embeddings are compared; more is more alike.</summary>
public enum SimilarityFunction
{
    /// <summary>The cosine of the angle between them.</summary>
    Cosine,

    /// <summary>Their inner product.</summary>
    Dot,

    /// <summary>Their distance, negative.</summary>
    Euclidean,

    /// <summary>The sum of absolute differences, negative.</summary>
    Manhattan,
}
