namespace LlmCourse.Lifecycle;

/// <summary>What memory holds at one moment, in bytes.</summary>
public sealed record MemoryParts
{
    /// <summary>The model's weights.</summary>
    public long Weights { get; init; }

    /// <summary>The parameters that an adapter or a soft prompt has of its own.</summary>
    public long Adapter { get; init; }

    /// <summary>Gradients of parameters.</summary>
    public long Gradients { get; init; }

    /// <summary>What the optimizer keeps: moments, and masters of short weights.</summary>
    public long OptimizerStates { get; init; }

    /// <summary>What the forward pass keeps for the backward pass.</summary>
    public long Activations { get; init; }

    /// <summary>Keys and values of what was read, in inference.</summary>
    public long Cache { get; init; }

    /// <summary>What lives for a moment: gradients on their way, logits of a part of the rows, copies.</summary>
    public long Temporaries { get; init; }

    /// <summary>All of it.</summary>
    public long Total => Weights + Adapter + Gradients + OptimizerStates + Activations + Cache + Temporaries;
}
