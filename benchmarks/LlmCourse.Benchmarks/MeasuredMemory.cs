namespace LlmCourse.Benchmarks;

/// <summary>What memory held in a training step, in bytes above what there was before the model was loaded: the most in each phase, and between them.</summary>
internal sealed record MeasuredMemory
{
    /// <summary>Behind loading the model.</summary>
    public long Weights { get; init; }

    /// <summary>Between two steps.</summary>
    public long Idle { get; init; }

    /// <summary>The most while the loss is computed.</summary>
    public long Forward { get; init; }

    /// <summary>Behind it.</summary>
    public long AfterForward { get; init; }

    /// <summary>The most of the backward pass.</summary>
    public long Backward { get; init; }

    /// <summary>Behind it.</summary>
    public long AfterBackward { get; init; }

    /// <summary>The most of clipping and update.</summary>
    public long Update { get; init; }

    /// <summary>The peak of resident memory, holes of the allocator included.</summary>
    public long ResidentPeak { get; init; }

    /// <summary>The most of all.</summary>
    public long Peak => Math.Max(Math.Max(Forward, Backward), Update);

    /// <summary>The larger of each figure.</summary>
    public MeasuredMemory With(MeasuredMemory other) => this with
    {
        Idle = Math.Max(Idle, other.Idle),
        Forward = Math.Max(Forward, other.Forward),
        AfterForward = Math.Max(AfterForward, other.AfterForward),
        Backward = Math.Max(Backward, other.Backward),
        AfterBackward = Math.Max(AfterBackward, other.AfterBackward),
        Update = Math.Max(Update, other.Update),
    };
}
