namespace LlmCourse.Evaluation;

/// <summary>How <see cref="Bleu"/> counts. The defaults are sacreBLEU's; <see cref="BleuScore.Signature"/> says which were used.</summary>
public sealed record BleuOptions
{
    /// <summary>How words are found.</summary>
    public BleuTokenizer Tokenizer { get; init; }

    /// <summary>Whether upper and lower case are the same.</summary>
    public bool Lowercase { get; init; }

    /// <summary>What is done about n-grams without a match.</summary>
    public BleuSmoothing Smoothing { get; init; }

    /// <summary>The number that goes with <see cref="BleuSmoothing.Floor"/> (unset: 0.1) or <see cref="BleuSmoothing.AddK"/> (unset: 1).</summary>
    public double? SmoothingValue { get; init; }

    /// <summary>The longest n-grams, 1 to 16.</summary>
    public int MaxOrder { get; init; } = 4;

    /// <summary>
    /// Leaves out orders for which the text is too short, so that one right word of one scores 100 and not 0. Unset: for single
    /// sentences, not for a corpus.
    /// </summary>
    public bool? EffectiveOrder { get; init; }

    internal double ResolvedSmoothingValue => SmoothingValue ?? (Smoothing == BleuSmoothing.Floor ? 0.1 : 1);

    internal void Validate()
    {
        if (!Enum.IsDefined(Tokenizer))
            throw new ArgumentOutOfRangeException(nameof(Tokenizer), Tokenizer, $"{nameof(Tokenizer)} is none of {nameof(BleuTokenizer)}.");
        if (!Enum.IsDefined(Smoothing))
            throw new ArgumentOutOfRangeException(nameof(Smoothing), Smoothing, $"{nameof(Smoothing)} is none of {nameof(BleuSmoothing)}.");
        if (MaxOrder is < 1 or > 16)
            throw new ArgumentOutOfRangeException(nameof(MaxOrder), MaxOrder, $"{nameof(MaxOrder)} must be between 1 and 16.");
        if (SmoothingValue is { } value && !(value >= 0 && double.IsFinite(value)))
            throw new ArgumentOutOfRangeException(nameof(SmoothingValue), value, $"{nameof(SmoothingValue)} must be a finite number, 0 or more.");
        if (SmoothingValue is not null && Smoothing is not (BleuSmoothing.Floor or BleuSmoothing.AddK))
            throw new ArgumentException($"{nameof(SmoothingValue)} belongs to {nameof(BleuSmoothing.Floor)} and {nameof(BleuSmoothing.AddK)}; {nameof(Smoothing)} is {Smoothing}.", nameof(SmoothingValue));
    }
}
