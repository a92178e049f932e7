namespace LlmCourse.Training;

/// <summary>Where and how often training writes down all it needs to go on.</summary>
public sealed record CheckpointOptions
{
    /// <summary>
    /// The folder; each checkpoint is a folder <c>step-…</c> in it that appears whole or not at all. It is a model's folder
    /// with the optimizer and the state of the run beside the weights.
    /// </summary>
    public required string Folder { get; init; }

    /// <summary>Steps between two; one is written at the end in any case. Default: 500.</summary>
    public int Every { get; init; } = 500;

    /// <summary>How many of the last are kept, beside the one whose validation was best. Default: 2.</summary>
    public int KeepLast { get; init; } = 2;

    /// <summary>
    /// Whether to go on from the last checkpoint in the folder, if there is one. The run is then the same, bit for bit, as one
    /// that was never interrupted. Default: no; a folder that has checkpoints is then refused.
    /// </summary>
    public bool Resume { get; init; }
}
