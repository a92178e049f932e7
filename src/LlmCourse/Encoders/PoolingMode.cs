namespace LlmCourse.Encoders;

/// <summary>How the states of a text's tokens become one vector, in the words of sentence-transformers and the order in which it joins them.</summary>
internal enum PoolingMode
{
    /// <summary>The first token's.</summary>
    Cls,

    /// <summary>The largest value of each dimension.</summary>
    Max,

    /// <summary>Their mean.</summary>
    Mean,

    /// <summary>Their sum over the square root of their number.</summary>
    MeanSqrtLength,

    /// <summary>Their mean, in which the t-th token counts t times.</summary>
    WeightedMean,

    /// <summary>The last token's.</summary>
    LastToken,
}
