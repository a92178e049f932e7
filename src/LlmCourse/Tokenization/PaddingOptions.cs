namespace LlmCourse.Tokenization;

/// <summary>How encodings are filled up to a common length.</summary>
public sealed record PaddingOptions
{
    /// <summary>The largest length that is filled up to; it guards against a mistaken number.</summary>
    public const int MaxLength = 1 << 20;

    /// <summary>The length; null: the longest of the batch.</summary>
    public int? Length { get; init; }

    /// <summary>The length is raised to a multiple of this; 0 for none.</summary>
    public int MultipleOf { get; init; }

    /// <summary>Where the padding goes.</summary>
    public Side Side { get; init; }

    /// <summary>The padding's id; null: the tokenizer's own pad token.</summary>
    public int? Id { get; init; }

    /// <summary>The padding's text; null: the text of its id.</summary>
    public string? Token { get; init; }

    /// <summary>The padding's type id.</summary>
    public int TypeId { get; init; }

    internal void Validate()
    {
        if (Length is int length)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(length, nameof(Length));
            ArgumentOutOfRangeException.ThrowIfGreaterThan(length, MaxLength, nameof(Length));
        }

        ArgumentOutOfRangeException.ThrowIfNegative(MultipleOf);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MultipleOf, MaxLength);
    }

    /// <summary>The length to fill up to, given the batch's longest.</summary>
    internal int TargetLength(int longest)
    {
        int length = Length ?? longest;
        return MultipleOf > 0 && length % MultipleOf != 0 ? length + MultipleOf - length % MultipleOf : length;
    }
}
