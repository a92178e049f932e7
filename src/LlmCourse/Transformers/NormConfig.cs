namespace LlmCourse.Transformers;

/// <summary>Which normalisation a stack uses, and where it stands.</summary>
public sealed record NormConfig
{
    /// <summary>LayerNorm (mean and variance, weight and bias) or RMSNorm (root mean square, weight only).</summary>
    public NormKind Kind { get; init; } = NormKind.Layer;

    /// <summary>Where the norms of a block stand.</summary>
    public NormPlacement Placement { get; init; } = NormPlacement.Pre;

    /// <summary>What is added to the variance.</summary>
    public double Epsilon { get; init; } = 1e-5;

    /// <summary>Whether the stack ends with a norm.</summary>
    public bool Final { get; init; }

    /// <summary>Whether the embeddings are normalised.</summary>
    public bool Embedding { get; init; }

    /// <summary>Whether the first block's attention reads the stream as it is (ModernBERT, whose embeddings are normalised already).</summary>
    public bool SkipFirst { get; init; }

    /// <summary>LayerNorm: whether it has a weight and a bias at all.</summary>
    public bool Affine { get; init; } = true;

    /// <summary>LayerNorm: whether it has a bias.</summary>
    public bool Bias { get; init; } = true;

    /// <summary>Whether the stored weight w means 1 + w (Gemma).</summary>
    public bool UnitOffset { get; init; }

    internal void Validate(string name)
    {
        if (!(Epsilon >= 0))
            throw new ArgumentException($"{name}.{nameof(Epsilon)} must not be negative, found {Epsilon}.");
        if (SkipFirst && Placement != NormPlacement.Pre)
            throw new ArgumentException($"{name}.{nameof(SkipFirst)} is for {nameof(NormPlacement.Pre)} only.");
        if (!Affine && Kind != NormKind.Layer)
            throw new ArgumentException($"{name}.{nameof(Affine)} = false is for {nameof(NormKind.Layer)} only.");
        if (UnitOffset && Kind != NormKind.Rms)
            throw new ArgumentException($"{name}.{nameof(UnitOffset)} is for {nameof(NormKind.Rms)} only.");
    }
}
