namespace LlmCourse.Transformers;

/// <summary>Where the norms of a block stand; f is a sub-layer.</summary>
public enum NormPlacement
{
    /// <summary>x + f(norm(x)).</summary>
    Pre,

    /// <summary>norm(x + f(x)).</summary>
    Post,

    /// <summary>x + norm(f(norm(x))).</summary>
    Sandwich,

    /// <summary>x + norm(f(x)).</summary>
    Output,
}
