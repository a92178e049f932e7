using LlmCourse.Tokenization.Text;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization;

/// <summary>A text, or a pair of them, as tokens.</summary>
public sealed class EncodedText
{
    private readonly EncodingDraft _draft;
    private readonly string _text;
    private readonly string? _pair;
    private readonly Filling? _filling;

    /// <param name="draft">The tokens; nothing changes them any more.</param>
    /// <param name="text">The text they stand for.</param>
    /// <param name="pair">The second text, if any.</param>
    /// <param name="filling">What fills it up, if anything does.</param>
    internal EncodedText(EncodingDraft draft, string text, string? pair, Filling? filling) =>
        (_draft, _text, _pair, _filling) = (draft, text, pair, filling);

    // Each list is made when it is asked for: most callers need two or three of them.

    /// <summary>The tokens' ids.</summary>
    public IReadOnlyList<int> Ids => field ??= Each(token => token.Id);

    /// <summary>The tokens' texts, as the vocabulary writes them; an unknown token's may be what it stands for.</summary>
    public IReadOnlyList<string> Tokens => field ??= Each(token => token.Text);

    /// <summary>BERT's segment ids.</summary>
    public IReadOnlyList<int> TypeIds => field ??= Each(token => token.TypeId);

    /// <summary>1 for a token, 0 for padding.</summary>
    public IReadOnlyList<int> AttentionMask => field ??= Each(token => token.IsPadding ? 0 : 1);

    /// <summary>1 for what the post-processor or padding put in, 0 for what stands in the text.</summary>
    public IReadOnlyList<int> SpecialTokensMask => field ??= Each(token => token.IsSpecial ? 1 : 0);

    /// <summary>The stretch of its text that each token stands for, in UTF-16 units; (0, 0) for what stands in no text.</summary>
    public IReadOnlyList<(int Start, int End)> Offsets => field ??= Each(token => (token.Start, token.End));

    /// <summary>The number of the piece (usually: the word) of its text that each token is of; null where it is of none.</summary>
    public IReadOnlyList<int?> WordIds => field ??= Each(token => token.WordId < 0 ? (int?)null : token.WordId);

    /// <summary>The text each token is of: 0, 1, or null.</summary>
    public IReadOnlyList<int?> SequenceIds => field ??= _draft.SequenceIds(Length, Left);

    /// <summary>What truncation cut off, if that was asked for: encodings of the same length.</summary>
    public IReadOnlyList<EncodedText> Overflowing => field ??= Array.ConvertAll(_draft.Overflowing, part => new EncodedText(part, _text, _pair, _filling));

    /// <summary>The offsets in code points, as Python counts them.</summary>
    /// <returns>One start and end for each token.</returns>
    public IReadOnlyList<(int Start, int End)> CodePointOffsets()
    {
        int[] first = CodePointPositions(_text), second = CodePointPositions(_pair ?? "");
        return Each(token => token.IsOfPair ? (second[token.Start], second[token.End]) : (first[token.Start], first[token.End]));
    }

    private int Length => Math.Max(_draft.Count, _filling?.Length ?? 0);

    /// <summary>How much padding there is on the left.</summary>
    private int Left => _filling is { IsOnLeft: true } ? Length - _draft.Count : 0;

    private T[] Each<T>(Converter<TextToken, T> value)
    {
        T[] values = new T[Length];
        if (_filling is not null)
            Array.Fill(values, value(_filling.Token));
        int at = Left;
        foreach (ref readonly TextToken token in _draft.Tokens.AsSpan())
            values[at++] = value(token);
        return values;
    }

    private static int[] CodePointPositions(string text)
    {
        int[] positions = new int[text.Length + 1];
        for (int i = 0; i < text.Length; i++)
            positions[i + 1] = positions[i] + (char.IsHighSurrogate(text[i]) && CodePoints.At(text, i) > 0xFFFF ? 0 : 1);
        return positions;
    }
}
