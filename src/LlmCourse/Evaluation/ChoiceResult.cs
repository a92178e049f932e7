namespace LlmCourse.Evaluation;

/// <summary>What a model chose, and what it thinks of every option.</summary>
/// <param name="Best">The place of the option with the highest score, from 0; the first of equal ones.</param>
/// <param name="Choices">The options with their log-likelihoods, in their order.</param>
public sealed record ChoiceResult(int Best, IReadOnlyList<ScoredChoice> Choices);
