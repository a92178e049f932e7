namespace Pronunciation;

/// <summary>How well a model does in the middle of its training.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Effort">What they cost.</param>
/// <param name="Loss">The smoothed loss.</param>
/// <param name="Exact">The share of watched words that are exactly right.</param>
internal sealed record Milestone(long Step, Effort Effort, double Loss, double Exact);
