namespace LlmCourse.Generation;

/// <summary>
/// Classifier-free guidance (Sanchez et al., "Stay on topic with Classifier-Free Guidance", 2023, eq. 7): the model is asked twice, behind
/// the prompt and behind something else, and goes further away from the latter. log p = scale · (log p(prompt) − log p(other)) + log p(other).
/// </summary>
public sealed record GuidanceOptions
{
    /// <summary>1 is off, above 1 the prompt counts for more. Default: the model's, else 1.</summary>
    public double? Scale { get; init; }

    /// <summary>
    /// What to keep away from, for all rows; the input of an encoder where there is one. Unset, a decoder is asked behind the last token of
    /// its prompt alone; an encoder–decoder needs one.
    /// </summary>
    public string? NegativePrompt { get; init; }

    /// <summary>The same as token ids; wins over <see cref="NegativePrompt"/>.</summary>
    public IReadOnlyList<int>? NegativePromptIds { get; init; }
}
