using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.Text;

/// <summary>
/// A section of a text on its way through the parts: its characters as they are now and, for each, the stretch of the
/// original text that it came from (UTF-16 positions). Immutable; parts which change the text write a new one.
/// </summary>
internal sealed class AlignedText
{
    private readonly ReadOnlyMemory<char> _chars;
    private readonly int[]? _starts;
    private readonly int[]? _ends;

    /// <summary>A section of the original text, unchanged.</summary>
    public AlignedText(ReadOnlyMemory<char> original, int origin, bool isTracked)
    {
        _chars = original;
        Origin = origin;
        IsTracked = isTracked;
    }

    /// <summary>A changed text; without places where nobody asked for offsets.</summary>
    public AlignedText(ReadOnlyMemory<char> chars, int[]? starts, int[]? ends, int origin)
    {
        _chars = chars;
        _starts = starts;
        _ends = ends;
        Origin = origin;
        IsTracked = starts is not null;
    }

    public ReadOnlySpan<char> Span => _chars.Span;

    public int Length => _chars.Length;

    /// <summary>Where the section begins in the original text.</summary>
    public int Origin { get; }

    /// <summary>Whether the places in the original are known.</summary>
    public bool IsTracked { get; }

    /// <summary>What a character came from.</summary>
    public (int Start, int End) PlaceAt(int index)
    {
        if (_starts is not null)
            return (_starts[index], _ends![index]);
        if (!IsTracked)
            return default;
        int start = Origin + index;
        char c = Span[index];
        if (char.IsLowSurrogate(c))
            start--;
        return (start, start + (char.IsSurrogate(c) ? 2 : 1));
    }

    /// <summary>The smallest stretch of the original that a range of characters came from.</summary>
    public (int Start, int End) Place(int start, int end)
    {
        if (!IsTracked)
            return default;
        if (start >= end)
        {
            int at = start == 0 || Length == 0 ? Origin : PlaceAt(Math.Min(start, Length) - 1).End;
            return (at, at);
        }

        if (_starts is null)
            return (Origin + start, Origin + end);
        (int first, int last) = (_starts[start], _ends![start]);
        for (int i = start + 1; i < end; i++)
        {
            first = Math.Min(first, _starts[i]);
            last = Math.Max(last, _ends[i]);
        }

        return (first, last);
    }

    public override string ToString() => Span.ToString();

    public string ToString(int start, int end) => Span[start..end].ToString();
}
