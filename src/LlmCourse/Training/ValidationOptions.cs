using LlmCourse.Data;

namespace LlmCourse.Training;

/// <summary>How often a model is measured on held-out examples while it is trained, and what follows from that.</summary>
public sealed record ValidationOptions
{
    /// <summary>Examples that are not trained on; null for no validation.</summary>
    public IReadOnlyList<Example>? Examples { get; init; }

    /// <summary>Steps between two; there is one at the end in any case. Default: 100.</summary>
    public int Every { get; init; } = 100;

    /// <summary>The figure that says which is best. Default: <c>loss</c>.</summary>
    public string Metric { get; init; } = "loss";

    /// <summary>Whether a larger value is a better one. Default: no.</summary>
    public bool LargerIsBetter { get; init; }

    /// <summary>Training stops when this many in a row were no improvement. Default: never.</summary>
    public int? Patience { get; init; }
}
