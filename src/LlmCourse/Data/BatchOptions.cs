namespace LlmCourse.Data;

/// <summary>How examples become batches.</summary>
public sealed record BatchOptions
{
    /// <summary>Rows of a batch. Default: 8.</summary>
    public int Size { get; init; } = 8;

    /// <summary>
    /// How many tokens an example may have (of an encoder–decoder: its input), and a packed row. Default: what the model can
    /// read, or 512 where nothing limits that.
    /// </summary>
    public int? MaxLength { get; init; }

    /// <summary>How many tokens the answer of an encoder–decoder's example may have. Default: what the decoder can read, or 512.</summary>
    public int? MaxAnswerLength { get; init; }

    /// <summary>What happens to longer ones. Default: the end is cut off.</summary>
    public Truncation Truncation { get; init; }

    /// <summary>Which tokens are labels (decoder-only models). Default: the completion.</summary>
    public LossOn LossOn { get; init; }

    /// <summary>
    /// Whether several short examples share a row, each seeing only itself, with positions of its own (decoder-only models). The
    /// loss is that of the same examples one by one; less is spent on padding.
    /// </summary>
    public bool Packing { get; init; }

    /// <summary>Whether examples of similar length come into one batch, which spends less on padding. Default: no.</summary>
    public bool GroupByLength { get; init; }

    /// <summary>Whether every epoch has an order of its own. Default: yes.</summary>
    public bool Shuffle { get; init; } = true;

    internal BatchOptions Validate()
    {
        Require(Size > 0, nameof(Size), Size);
        Require(MaxLength is null or > 1, nameof(MaxLength), MaxLength);
        Require(MaxAnswerLength is null or > 0, nameof(MaxAnswerLength), MaxAnswerLength);
        Require(Enum.IsDefined(Truncation), nameof(Truncation), Truncation);
        Require(Enum.IsDefined(LossOn), nameof(LossOn), LossOn);
        return this;
    }

    private static void Require(bool holds, string property, object? value)
    {
        if (!holds)
            throw new ArgumentOutOfRangeException(property, value, $"{property} is {value}, which is no possible value.");
    }
}
