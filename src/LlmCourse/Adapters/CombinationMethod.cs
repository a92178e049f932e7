namespace LlmCourse.Adapters;

/// <summary>How several LoRA adapters become one, as in peft's <c>add_weighted_adapter</c>.</summary>
public enum CombinationMethod
{
    /// <summary>The factors stand beside each other: exactly the weighted sum of the changes. The ranks add up.</summary>
    Concatenation,

    /// <summary>The nearest change of a given rank to the weighted sum of the changes.</summary>
    Svd,

    /// <summary>
    /// The weighted sums of the As and of the Bs. Their product has cross terms: it is not the sum of the changes. The ranks must
    /// be equal.
    /// </summary>
    Linear,

    /// <summary>Like <see cref="Linear"/>, of the largest elements alone, those whose sign the majority has (Yadav et al. 2023, "TIES-Merging").</summary>
    Ties,

    /// <summary>Like <see cref="Linear"/>, of the largest elements alone.</summary>
    MagnitudePrune,
}
