namespace LlmCourse.Transformers;

/// <summary>How the labels of a sequence classifier are compared.</summary>
public enum ProblemType
{
    /// <summary>Mean squared error.</summary>
    Regression,

    /// <summary>Cross-entropy over the labels.</summary>
    SingleLabel,

    /// <summary>Binary cross-entropy for each label.</summary>
    MultiLabel,
}
