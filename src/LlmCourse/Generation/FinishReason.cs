namespace LlmCourse.Generation;

/// <summary>Why a completion ended.</summary>
public enum FinishReason
{
    /// <summary>The model produced one of the end-of-sequence tokens.</summary>
    EndOfSequence,

    /// <summary>The limit of <see cref="GenerationOptions.MaxNewTokens"/> or <see cref="GenerationOptions.MaxLength"/> was reached.</summary>
    MaxTokens,

    /// <summary>The model's context was full before that limit.</summary>
    ContextLength,

    /// <summary>The text contained one of <see cref="GenerationOptions.StopStrings"/>.</summary>
    StopString,

    /// <summary><see cref="GenerationOptions.StopWhen"/> said so.</summary>
    StopPredicate,
}
