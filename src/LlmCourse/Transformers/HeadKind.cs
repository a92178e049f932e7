namespace LlmCourse.Transformers;

/// <summary>What a head predicts.</summary>
public enum HeadKind
{
    /// <summary>Nothing: the model ends with hidden states.</summary>
    None,

    /// <summary>The next token at every position.</summary>
    LanguageModel,

    /// <summary>The token at every position.</summary>
    MaskedLanguageModel,

    /// <summary>One label set for each row.</summary>
    SequenceClassification,

    /// <summary>A label at every position.</summary>
    TokenClassification,

    /// <summary>A number at every position (a value or reward).</summary>
    Scalar,
}
