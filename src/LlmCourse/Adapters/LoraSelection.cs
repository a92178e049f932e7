namespace LlmCourse.Adapters;

/// <summary>The modules that a LoRA adapter has something to do with.</summary>
/// <param name="Targets">Those that get factors.</param>
/// <param name="Biases">Those whose bias is trained beside them.</param>
/// <param name="Trained">Those that are trained in full.</param>
internal sealed record LoraSelection(IReadOnlyList<NamedSite> Targets, IReadOnlyList<NamedSite> Biases, IReadOnlyList<NamedSite> Trained);
