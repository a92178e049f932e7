namespace LlmCourse.Adapters;

/// <summary>How an (IA)³ adapter is made (Liu et al. 2022): learned vectors that scale keys, values and the inside of the feed-forward.</summary>
public sealed record Ia3Options
{
    /// <summary>The modules whose output is scaled, named as in <see cref="LoraOptions.Targets"/>; null for k and v.</summary>
    public IReadOnlyList<string>? Targets { get; init; }

    /// <summary>The modules whose input is scaled; null for down.</summary>
    public IReadOnlyList<string>? FeedForwardTargets { get; init; }

    /// <summary>Modules that are trained in full, as in <see cref="LoraOptions.TrainedModules"/>.</summary>
    public IReadOnlyList<string> TrainedModules { get; init; } = [];
}
