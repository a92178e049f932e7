namespace LlmCourse.Transformers;

/// <summary>How the order of tokens enters a stack.</summary>
public sealed record PositionConfig
{
    /// <summary>Which of the four ways, or none.</summary>
    public PositionKind Kind { get; init; }

    /// <summary>Learned: rows of the table. Others: the longest sequence the model was made for, where known (0: unknown).</summary>
    public int Count { get; init; }

    /// <summary>Learned: the row of position 0 (BART 2, RoBERTa pad id + 1).</summary>
    public int Offset { get; init; }

    /// <summary>Rotary: the base θ of the wavelengths.</summary>
    public double Theta { get; init; } = 10_000;

    /// <summary>Rotary: how many of a head's elements are rotated; null is all.</summary>
    public int? RotarySize { get; init; }

    /// <summary>Rotary: how frequencies are stretched for longer contexts; null is not at all.</summary>
    public RotaryScaling? Scaling { get; init; }

    /// <summary>Relative bias: the number of distance buckets.</summary>
    public int Buckets { get; init; } = 32;

    /// <summary>Relative bias: from this distance on all share the last bucket.</summary>
    public int MaxDistance { get; init; } = 128;

    /// <summary>Relative bias: whether every layer has a table of its own (UMT5), not the whole stack one.</summary>
    public bool BiasByLayer { get; init; }

    /// <summary>How many positions there are; null where nothing limits them.</summary>
    internal int? Limit => Kind == PositionKind.Learned ? Count - Offset : Count > 0 ? Scaling?.Reach(Count) ?? Count : null;

    internal void Validate(string name, int headSize)
    {
        if (Kind == PositionKind.Learned)
            TransformerConfig.Positive((long)Count - Offset, $"{name}.{nameof(Count)}");
        if (Offset < 0)
            throw new ArgumentException($"{name}.{nameof(Offset)} must not be negative, found {Offset}.");
        if (Kind == PositionKind.Rotary && ((RotarySize ?? headSize) is var size && (size <= 0 || size > headSize || size % 2 != 0)))
            throw new ArgumentException($"{name}.{nameof(RotarySize)} must be even and at most the head size {headSize}, found {size}.");
        if (Kind == PositionKind.Rotary && !(Theta > 0))
            throw new ArgumentException($"{name}.{nameof(Theta)} must be positive, found {Theta}.");
        if (Kind == PositionKind.Rotary)
            Scaling?.Validate($"{name}.{nameof(Scaling)}", Theta, RotarySize ?? headSize);
        if (Kind == PositionKind.RelativeBias && (Buckets < 4 || MaxDistance <= Buckets / 2))
            throw new ArgumentException($"{name}: {Buckets} buckets and a maximal distance of {MaxDistance} do not fit together.");
    }
}
