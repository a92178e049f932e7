namespace LlmCourse.Transformers;

/// <summary>What kind of module an adapter acts on.</summary>
internal enum SiteKind
{
    /// <summary>y = x Wᵀ + b.</summary>
    Linear,

    /// <summary>A table of vectors, looked up by row number.</summary>
    Table,

    /// <summary>A norm over the last dimension.</summary>
    Norm,
}
