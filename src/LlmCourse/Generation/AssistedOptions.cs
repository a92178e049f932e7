namespace LlmCourse.Generation;

/// <summary>
/// Writing faster: something cheap proposes several tokens, and the model checks them in one pass. What comes out has the law of the model
/// alone: greedy gives the same tokens, sampling the same probabilities.
/// </summary>
public sealed record AssistedOptions
{
    /// <summary>
    /// A smaller model that proposes the tokens (Leviathan et al., "Fast inference from transformers via speculative decoding", 2023),
    /// with the same vocabulary and of the same kind: <c>small.AsDraft()</c>.
    /// </summary>
    public DraftModel? Draft { get; init; }

    /// <summary>
    /// Without a draft model: how many tokens are copied from where the last tokens stood before, in the prompt or the answer. Useful where
    /// answers quote. Draws are those of the same seed without it. 0 is off.
    /// </summary>
    public int PromptLookupTokens { get; init; }

    /// <summary>How many of the last tokens must have stood there, at most; fewer are tried after that. Default 2.</summary>
    public int MaxMatchingNGramSize { get; init; } = 2;

    /// <summary>How many tokens a draft model proposes at once, at most. Default 20.</summary>
    public int DraftTokens { get; init; } = 20;

    /// <summary>A draft ends with the first token to which the draft model gives less than this probability. Default 0.4; 0 is off.</summary>
    public double ConfidenceThreshold { get; init; } = 0.4;
}
