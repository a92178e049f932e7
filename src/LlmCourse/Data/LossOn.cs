namespace LlmCourse.Data;

/// <summary>Which tokens of a decoder-only model's examples are labels.</summary>
public enum LossOn
{
    /// <summary>The completion, with the token that ends it; of a conversation every assistant turn.</summary>
    Completion,

    /// <summary>Prompt and completion alike, as in pre-training.</summary>
    Everything,
}
