namespace LlmCourse.Adapters;

/// <summary>What makes two embeddings close.</summary>
public enum Closeness
{
    /// <summary>A small angle between them, whatever their lengths.</summary>
    Cosine,

    /// <summary>A small distance.</summary>
    Euclidean,
}
