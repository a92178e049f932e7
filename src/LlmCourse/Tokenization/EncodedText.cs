using LlmCourse.Tokenization.Text;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization;

/// <summary>A text, or a pair of them, as tokens.</summary>
public sealed class EncodedText
{
    private readonly string[] _texts;
    private readonly int[] _textIds;

    internal EncodedText(EncodingDraft draft, string[] texts)
    {
        _texts = texts;
        _textIds = [.. draft.TextIds];
        Ids = [.. draft.Ids];
        TypeIds = [.. draft.TypeIds];
        Tokens = [.. draft.Tokens];
        AttentionMask = [.. draft.AttentionMask];
        SpecialTokensMask = [.. draft.SpecialMask];
        Offsets = [.. draft.Offsets];
        WordIds = [.. draft.WordIds.Select(id => id < 0 ? (int?)null : id)];
        SequenceIds = SequencesOf(draft);
        Overflowing = [.. draft.Overflowing.Select(part => new EncodedText(part, texts))];
    }

    /// <summary>The tokens' ids.</summary>
    public IReadOnlyList<int> Ids { get; }

    /// <summary>The tokens' texts, as the vocabulary writes them; an unknown token's may be what it stands for.</summary>
    public IReadOnlyList<string> Tokens { get; }

    /// <summary>BERT's segment ids.</summary>
    public IReadOnlyList<int> TypeIds { get; }

    /// <summary>1 for a token, 0 for padding.</summary>
    public IReadOnlyList<int> AttentionMask { get; }

    /// <summary>1 for what the post-processor or padding put in, 0 for what stands in the text.</summary>
    public IReadOnlyList<int> SpecialTokensMask { get; }

    /// <summary>The stretch of its text that each token stands for, in UTF-16 units; (0, 0) for what stands in no text.</summary>
    public IReadOnlyList<(int Start, int End)> Offsets { get; }

    /// <summary>The number of the piece (usually: the word) of its text that each token is of; null where it is of none.</summary>
    public IReadOnlyList<int?> WordIds { get; }

    /// <summary>The text each token is of: 0, 1, or null.</summary>
    public IReadOnlyList<int?> SequenceIds { get; }

    /// <summary>What truncation cut off, if that was asked for: encodings of the same length.</summary>
    public IReadOnlyList<EncodedText> Overflowing { get; }

    /// <summary>The offsets in code points, as Python counts them.</summary>
    /// <returns>One start and end for each token.</returns>
    public IReadOnlyList<(int Start, int End)> CodePointOffsets()
    {
        int[][] positions = [.. _texts.Select(CodePointPositions)];
        (int Start, int End)[] offsets = new (int, int)[Offsets.Count];
        for (int i = 0; i < offsets.Length; i++)
        {
            if (_textIds[i] >= 0)
                offsets[i] = (positions[_textIds[i]][Offsets[i].Start], positions[_textIds[i]][Offsets[i].End]);
        }

        return offsets;
    }

    private static int[] CodePointPositions(string text)
    {
        int[] positions = new int[text.Length + 1];
        for (int i = 0; i < text.Length; i++)
            positions[i + 1] = positions[i] + (char.IsHighSurrogate(text[i]) && CodePoints.At(text, i) > 0xFFFF ? 0 : 1);
        return positions;
    }

    /// <summary>As many sequences as were noted, at least one; one that was not noted is taken to be everything, as in the reference.</summary>
    private static int?[] SequencesOf(EncodingDraft draft)
    {
        int?[] sequences = new int?[draft.Count];
        for (int sequence = 0; sequence < Math.Max(1, draft.SequenceRanges.Count); sequence++)
        {
            (int start, int end) = draft.SequenceRanges.TryGetValue(sequence, out (int, int) range) ? range : (0, draft.Count);
            Array.Fill(sequences, sequence, start, end - start);
        }

        return sequences;
    }
}
