using LlmCourse.Transformers;

namespace LlmCourse.Adapters;

/// <summary>
/// Prefix tuning (Li and Liang 2021, "Prefix-tuning: optimizing continuous prompts for generation"): keys and values in front of what
/// every layer's self-attention reads are all that is trained; in an encoder–decoder those of the decoder.
/// </summary>
public sealed record PrefixTuningOptions
{
    /// <summary>The number of virtual tokens.</summary>
    public int VirtualTokens { get; init; } = 20;

    /// <summary>
    /// Whether keys and values are computed from small embeddings by two linear layers with a tanh between them, which makes training
    /// steadier. The layers are gone when training is over: files hold the keys and values.
    /// </summary>
    public bool Projection { get; init; }

    /// <summary>The width between the two layers; unset: the width of what they read, Hkv · d of the model.</summary>
    public int? ProjectionWidth { get; init; }

    /// <summary>Decides what is drawn at random.</summary>
    public long Seed { get; init; }

    internal PrefixTuningOptions Validate()
    {
        TransformerConfig.Positive(VirtualTokens, nameof(VirtualTokens));
        if (ProjectionWidth is { } width)
            TransformerConfig.Positive(width, nameof(ProjectionWidth));
        if (ProjectionWidth is not null && !Projection)
            throw new ArgumentException($"{nameof(ProjectionWidth)} means nothing without {nameof(Projection)}.");
        return this;
    }
}
