namespace LlmCourse.Generation;

/// <summary>What a model wrote after one prompt, and how it came to it. Plain values: nothing to dispose.</summary>
public sealed record Completion
{
    /// <summary>
    /// The generated text, without the prompt, without special tokens, and cut where a stop string begins.
    /// </summary>
    public required string Text { get; init; }

    /// <summary>
    /// The generated tokens, without the prompt. The end-of-sequence token, and the tokens of a stop string, are included.
    /// </summary>
    public required IReadOnlyList<int> Tokens { get; init; }

    /// <summary>Why the completion ended.</summary>
    public required FinishReason FinishReason { get; init; }

    /// <summary>How many tokens the prompt has.</summary>
    public required int PromptTokens { get; init; }

    /// <summary>
    /// The natural logarithm of the probability which the model itself gave to each of <see cref="Tokens"/>, before any option
    /// changed its scores: what perplexity and policy gradients are made of.
    /// </summary>
    public IReadOnlyList<float> LogProbabilities { get; init; } = [];

    /// <summary>
    /// The same under the distribution which the token was chosen from: after repetition penalty, minimum length, forced tokens,
    /// temperature, top-k and all other rules. Equal to <see cref="LogProbabilities"/> where none of them is in use. Of beams the
    /// scores that were added up, which rules leave unnormalised unless <see cref="TokenRules.RenormalizeLogits"/> is set.
    /// </summary>
    public IReadOnlyList<float> ChoiceLogProbabilities { get; init; } = [];

    /// <summary>
    /// For each of <see cref="Tokens"/> the most likely tokens at its place under the model's own distribution, best first:
    /// <see cref="GenerationOptions.TopAlternatives"/> of them.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<TokenProbability>> Alternatives { get; init; } = [];

    /// <summary>
    /// Of a beam: the sum of <see cref="ChoiceLogProbabilities"/> / (their number ^ <see cref="BeamOptions.LengthPenalty"/>), which beams are compared
    /// by. Null without beams.
    /// </summary>
    public double? SequenceScore { get; init; }

    /// <summary>The stop string which ended the completion, if <see cref="FinishReason"/> is <see cref="FinishReason.StopString"/>.</summary>
    public string? StopString { get; init; }

    /// <summary>
    /// The seed of the request, also where the caller gave none: the same prompts with this seed give the same completions.
    /// Null for a greedy completion.
    /// </summary>
    public long? Seed { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Text;
}
