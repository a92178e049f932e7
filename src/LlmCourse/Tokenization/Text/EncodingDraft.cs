using LlmCourse.Runtime;

namespace LlmCourse.Tokenization.Text;

/// <summary>An encoding while truncation and the post-processor still work on it.</summary>
/// <param name="source">The text the offsets point into.</param>
/// <param name="tokens">Its tokens, which become the draft's own.</param>
internal sealed class EncodingDraft(string source, TextToken[] tokens)
{
    /// <summary>By its number, where each text's tokens are; null for a text of which that was not noted.</summary>
    private (int Start, int End)?[] _sequences = [];

    public string Source => source;

    public TextToken[] Tokens { get; private set; } = tokens;

    /// <summary>What truncation cut off, in parts of the same length.</summary>
    public EncodingDraft[] Overflowing { get; private set; } = [];

    public int Count => Tokens.Length;

    /// <summary>Says which text all of its tokens are of; its overflowing parts are left as they are.</summary>
    public void SetSequence(int sequence) => SetSequence(sequence, 0, Count);

    /// <summary>Gives all tokens a type id; as in the reference, overflowing parts keep theirs.</summary>
    public void SetTypeIds(int typeId)
    {
        foreach (ref TextToken token in Tokens.AsSpan())
            token.TypeId = typeId;
    }

    /// <summary>
    /// The text each token is of. As in the reference these are as many texts as were noted, at least one, and one that was not
    /// noted is taken to be everything, padding too.
    /// </summary>
    /// <param name="length">The length with padding.</param>
    /// <param name="left">How much of it is on the left.</param>
    public int?[] SequenceIds(int length, int left)
    {
        int?[] ids = new int?[length];
        int noted = _sequences.Count(range => range is not null);
        for (int sequence = 0; sequence < Math.Max(1, noted); sequence++)
        {
            if (sequence < _sequences.Length && _sequences[sequence] is (int start, int end))
                Array.Fill(ids, sequence, left + start, end - start);
            else
                Array.Fill(ids, sequence);
        }

        return ids;
    }

    public EncodingDraft Copy() => new(source, [.. Tokens])
    {
        _sequences = [.. _sequences],
        Overflowing = Array.ConvertAll(Overflowing, part => part.Copy()),
    };

    /// <summary>Cuts it to a length; what is cut off becomes overflowing parts that share some tokens with their neighbours.</summary>
    public void Truncate(int length, int stride, bool fromLeft, bool keepsOverflow)
    {
        if (length >= Count)
            return;
        if (length > 0 && stride >= length)
            throw new TokenizerException($"Truncation: stride {stride} must be below what is left for the text, {length} (max_length without the special tokens).");
        List<(int Start, int End)> parts = length == 0 ? [(0, 0), (0, Count)] : Parts(length, length - stride, fromLeft);
        Overflowing = keepsOverflow ? [.. parts.Skip(1).Select(part => new EncodingDraft(source, Tokens[part.Start..part.End]))] : [];
        Tokens = Tokens[parts[0].Start..parts[0].End];
        _sequences = [];
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
        for (int sequence = 0; sequence < other._sequences.Length; sequence++)
        {
            if (other._sequences[sequence] is (int start, int end))
                SetSequence(sequence, Count + start, Count + end);
        }

        Tokens = [.. Tokens, .. other.Tokens];
        Overflowing = [.. overflowing];
    }

    private void SetSequence(int sequence, int start, int end)
    {
        if (sequence >= _sequences.Length)
            Array.Resize(ref _sequences, sequence + 1);
        _sequences[sequence] = (start, end);
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
}
