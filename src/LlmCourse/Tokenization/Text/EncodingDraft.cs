using LlmCourse.Runtime;

namespace LlmCourse.Tokenization.Text;

/// <summary>An encoding while the post-processor, truncation and padding still work on it.</summary>
internal sealed class EncodingDraft
{
    /// <summary>The text the offsets point into.</summary>
    public string Source { get; init; } = "";

    public List<int> Ids { get; private init; } = [];

    public List<int> TypeIds { get; private init; } = [];

    public List<string> Tokens { get; private init; } = [];

    public List<(int Start, int End)> Offsets { get; private init; } = [];

    /// <summary>The number of the piece each token is of; -1 where it is of none.</summary>
    public List<int> WordIds { get; private init; } = [];

    /// <summary>Which text each token's offsets point into; -1 for none.</summary>
    public List<int> TextIds { get; private init; } = [];

    public List<int> SpecialMask { get; private init; } = [];

    public List<int> AttentionMask { get; private init; } = [];

    /// <summary>Which tokens are of which text.</summary>
    public SortedDictionary<int, (int Start, int End)> SequenceRanges { get; private init; } = [];

    /// <summary>What truncation cut off, in parts of the same length.</summary>
    public List<EncodingDraft> Overflowing { get; private set; } = [];

    public int Count => Ids.Count;

    /// <summary>Adds a token of a text, whose number is its type id too until a template says otherwise.</summary>
    public void AddText(int id, string token, (int Start, int End) offsets, int wordId, int text) =>
        Add(id, token, offsets, wordId, text, text, 0);

    /// <summary>Adds a token that stands in no text.</summary>
    public void AddSpecial(int id, string token, int typeId) => Add(id, token, (0, 0), -1, -1, typeId, 1);

    private void Add(int id, string token, (int Start, int End) offsets, int wordId, int textId, int typeId, int special)
    {
        Ids.Add(id);
        TypeIds.Add(typeId);
        Tokens.Add(token);
        Offsets.Add(offsets);
        WordIds.Add(wordId);
        TextIds.Add(textId);
        SpecialMask.Add(special);
        AttentionMask.Add(1);
    }

    /// <summary>Says which text all of its tokens are of; its overflowing parts are left as they are.</summary>
    public void SetSequence(int sequence) => SequenceRanges[sequence] = (0, Count);

    /// <summary>Gives all tokens a type id; as in the reference, overflowing parts keep theirs.</summary>
    public void SetTypeIds(int typeId)
    {
        for (int i = 0; i < Count; i++)
            TypeIds[i] = typeId;
    }

    public EncodingDraft Copy()
    {
        EncodingDraft copy = Slice(0, Count);
        foreach ((int sequence, (int, int) range) in SequenceRanges)
            copy.SequenceRanges[sequence] = range;
        foreach (EncodingDraft part in Overflowing)
            copy.Overflowing.Add(part.Copy());
        return copy;
    }

    /// <summary>Cuts it to a length; what is cut off becomes overflowing parts that share some tokens with their neighbours.</summary>
    public void Truncate(int length, int stride, bool fromLeft, bool keepsOverflow)
    {
        if (length >= Count)
            return;
        if (length > 0 && stride >= length)
            throw new TokenizerException($"Truncation: stride {stride} must be below what is left for the text, {length} (max_length without the special tokens).");
        List<(int Start, int End)> parts = length == 0 ? [(0, 0), (0, Count)] : Parts(length, length - stride, fromLeft);
        List<EncodingDraft> overflowing = [];
        for (int i = 1; keepsOverflow && i < parts.Count; i++)
            overflowing.Add(Slice(parts[i].Start, parts[i].End));
        Keep(parts[0].Start, parts[0].End);
        Overflowing = overflowing;
        SequenceRanges.Clear();
    }

    /// <summary>Appends another; each overflowing part of one is combined with the whole other and with each of its parts.</summary>
    public void MergeWith(EncodingDraft other)
    {
        List<EncodingDraft> overflowing = [];
        foreach (EncodingDraft part in Overflowing)
        {
            overflowing.Add(Merged(part, other));
            foreach (EncodingDraft otherPart in other.Overflowing)
                overflowing.Add(Merged(part, otherPart));
        }

        foreach (EncodingDraft otherPart in other.Overflowing)
            overflowing.Add(Merged(this, otherPart));
        foreach ((int sequence, (int start, int end)) in other.SequenceRanges)
            SequenceRanges[sequence] = (start + Count, end + Count);
        Ids.AddRange(other.Ids);
        TypeIds.AddRange(other.TypeIds);
        Tokens.AddRange(other.Tokens);
        Offsets.AddRange(other.Offsets);
        WordIds.AddRange(other.WordIds);
        TextIds.AddRange(other.TextIds);
        SpecialMask.AddRange(other.SpecialMask);
        AttentionMask.AddRange(other.AttentionMask);
        Overflowing = overflowing;
    }

    /// <summary>Fills it, and its overflowing parts, up to a length.</summary>
    public void Pad(int length, int id, int typeId, string token, bool onLeft)
    {
        foreach (EncodingDraft part in Overflowing)
            part.Pad(length, id, typeId, token, onLeft);
        int missing = length - Count;
        if (missing <= 0)
            return;
        int at = onLeft ? 0 : Count;
        Ids.InsertRange(at, Enumerable.Repeat(id, missing));
        TypeIds.InsertRange(at, Enumerable.Repeat(typeId, missing));
        Tokens.InsertRange(at, Enumerable.Repeat(token, missing));
        Offsets.InsertRange(at, Enumerable.Repeat((0, 0), missing));
        WordIds.InsertRange(at, Enumerable.Repeat(-1, missing));
        TextIds.InsertRange(at, Enumerable.Repeat(-1, missing));
        SpecialMask.InsertRange(at, Enumerable.Repeat(1, missing));
        AttentionMask.InsertRange(at, Enumerable.Repeat(0, missing));
        if (!onLeft)
            return;
        foreach (int sequence in SequenceRanges.Keys.ToArray())
            SequenceRanges[sequence] = (SequenceRanges[sequence].Start + missing, SequenceRanges[sequence].End + missing);
    }

    private static EncodingDraft Merged(EncodingDraft first, EncodingDraft second)
    {
        EncodingDraft merged = first.Copy();
        merged.MergeWith(second);
        return merged;
    }

    private List<(int Start, int End)> Parts(int length, int step, bool fromLeft)
    {
        List<(int Start, int End)> parts = [];
        if (fromLeft)
        {
            for (int end = Count; end > 0; end -= step)
            {
                parts.Add((Math.Max(0, end - length), end));
                if (end <= length)
                    break;
            }
        }
        else
        {
            for (int start = 0; start < Count; start += step)
            {
                parts.Add((start, Math.Min(Count, start + length)));
                if (start + length >= Count)
                    break;
            }
        }

        return parts;
    }

    private EncodingDraft Slice(int start, int end) => new()
    {
        Source = Source,
        Ids = Ids.GetRange(start, end - start),
        TypeIds = TypeIds.GetRange(start, end - start),
        Tokens = Tokens.GetRange(start, end - start),
        Offsets = Offsets.GetRange(start, end - start),
        WordIds = WordIds.GetRange(start, end - start),
        TextIds = TextIds.GetRange(start, end - start),
        SpecialMask = SpecialMask.GetRange(start, end - start),
        AttentionMask = AttentionMask.GetRange(start, end - start),
    };

    private void Keep(int start, int end)
    {
        Cut(Ids);
        Cut(TypeIds);
        Cut(Tokens);
        Cut(Offsets);
        Cut(WordIds);
        Cut(TextIds);
        Cut(SpecialMask);
        Cut(AttentionMask);

        void Cut<T>(List<T> list)
        {
            list.RemoveRange(end, list.Count - end);
            list.RemoveRange(0, start);
        }
    }
}
