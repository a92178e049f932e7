using LlmCourse.Runtime;
using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tokenization;

/// <summary>How encodings are cut to a length.</summary>
public sealed record TruncationOptions
{
    /// <summary>The most tokens an encoding may have, special ones included.</summary>
    public required int MaxLength { get; init; }

    /// <summary>How many tokens neighbouring parts share.</summary>
    public int Stride { get; init; }

    /// <summary>Which of two texts gives way.</summary>
    public TruncationStrategy Strategy { get; init; }

    /// <summary>Where tokens are cut off.</summary>
    public Side Side { get; init; }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(MaxLength);
        ArgumentOutOfRangeException.ThrowIfNegative(Stride);
    }

    /// <param name="first">The first text.</param>
    /// <param name="second">The second, if there is one.</param>
    /// <param name="added">How many special tokens will be added.</param>
    /// <param name="keepsOverflow">Whether what is cut off is kept.</param>
    internal void Apply(EncodingDraft first, EncodingDraft? second, int added, bool keepsOverflow)
    {
        int room = MaxLength - added;
        if (room < 0)
            throw new TokenizerException($"Truncation: max_length {MaxLength} is below the number of special tokens, {added}: no text would fit.");
        int excess = first.Count + (second?.Count ?? 0) - room;
        if (excess <= 0)
            return;
        if (room == 0)
        {
            Cut(first, 0);
            if (second is not null)
                Cut(second, 0);
        }
        else if (Strategy == TruncationStrategy.LongestFirst)
        {
            CutLongest(first, second, room, Cut);
        }
        else
        {
            EncodingDraft target = Strategy == TruncationStrategy.OnlyFirst ? first
                : second ?? throw new TokenizerException("Truncation: the strategy is OnlySecond, but there is no second text.");
            if (target.Count <= excess)
                throw new TokenizerException($"Truncation: the {(target == first ? "first" : "second")} text has {target.Count} tokens, too few to give up {excess}.");
            Cut(target, target.Count - excess);
        }

        void Cut(EncodingDraft draft, int length) => draft.Truncate(length, Stride, Side == Side.Left, keepsOverflow);
    }

    private static void CutLongest(EncodingDraft first, EncodingDraft? second, int room, Action<EncodingDraft, int> cut)
    {
        if (second is null)
        {
            cut(first, room);
            return;
        }

        int shorter = Math.Min(first.Count, second.Count);
        int longer = shorter > room ? shorter : Math.Max(shorter, room - shorter);
        if (shorter + longer > room)
        {
            shorter = room / 2;
            longer = shorter + room % 2;
        }

        bool isFirstLonger = first.Count > second.Count;
        cut(first, isFirstLonger ? longer : shorter);
        cut(second, isFirstLonger ? shorter : longer);
    }
}
