using LlmCourse.Runtime;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.Text;

/// <summary>
/// Writes a changed text and keeps account of where each character came from. It reads a source alongside: <see cref="Keep"/>
/// and <see cref="Put"/> with a change of 0 or less move on in it.
/// </summary>
internal sealed class AlignedWriter
{
    private char[] _chars = [];
    private int[] _starts = [];
    private int[] _ends = [];
    private bool _isTracked;
    private long _limit;
    private AlignedText _source = null!;
    private int _begin;
    private int _cursor;
    private int _end;
    private int _origin;

    public AlignedWriter()
    {
    }

    public AlignedWriter(bool isTracked, int capacity) => Clear(isTracked, capacity);

    public int Length { get; private set; }

    /// <summary>Makes it ready to write another text; what it has finished before is lost.</summary>
    public void Clear(bool isTracked, int capacity)
    {
        // A text may grow, but not without bounds: replacements in a row could multiply it to any length.
        _limit = Math.Min(1 << 28, Math.Max(1 << 22, 64L * capacity));
        _isTracked = isTracked;
        Length = 0;
        Resize(Math.Max(16, capacity));
    }

    /// <summary>Starts to read a stretch of a source; what is inserted before its first character has the place of its origin.</summary>
    public void Begin(AlignedText source, int start, int end, int origin)
    {
        _source = source;
        _begin = _cursor = start;
        _end = end;
        _origin = origin;
    }

    /// <summary>Starts to read a whole source.</summary>
    public void Begin(AlignedText source) => Begin(source, 0, source.Length, source.Origin);

    /// <summary>Copies the next characters of the source.</summary>
    public void Keep(int count)
    {
        Reserve(count);
        _source.Span.Slice(_cursor, count).CopyTo(_chars.AsSpan(Length));
        if (_isTracked)
        {
            for (int i = 0; i < count; i++)
                (_starts[Length + i], _ends[Length + i]) = _source.PlaceAt(_cursor + i);
        }

        Length += count;
        _cursor += count;
    }

    /// <summary>Leaves out the next characters of the source.</summary>
    public void Skip(int count) => _cursor = Math.Min(_end, _cursor + count);

    /// <summary>
    /// Writes a code point: change 0 takes the place of the source's next one, 1 is inserted and has the place of the one
    /// before it, -n takes the place of the next one and swallows n more.
    /// </summary>
    public void Put(int codePoint, int change)
    {
        (int Start, int End) place = default;
        if (change > 0 || _cursor >= _end)
        {
            if (_isTracked)
                place = _cursor > _begin ? _source.PlaceAt(_cursor - 1) : (_origin, _origin);
        }
        else
        {
            if (_isTracked)
                place = _source.PlaceAt(_cursor);
            for (int n = change; n <= 0 && _cursor < _end; n++)
                _cursor += CodePoints.Width(CodePoints.At(_source.Span, _cursor));
        }

        Write(codePoint, place);
    }

    /// <summary>Writes a text in front of what comes next: it shares the place of the source's next code point.</summary>
    public void PutBeforeNext(string text)
    {
        (int, int) place = _isTracked ? _source.PlaceAt(_cursor) : default;
        for (int i = 0; i < text.Length; i += CodePoints.Width(CodePoints.At(text, i)))
            Write(CodePoints.At(text, i), place);
    }

    /// <summary>Inserts a text after what has been read so far.</summary>
    public void Insert(string text)
    {
        for (int i = 0; i < text.Length; i += CodePoints.Width(CodePoints.At(text, i)))
            Put(CodePoints.At(text, i), 1);
    }

    /// <summary>Copies what is left of the source.</summary>
    public void KeepRest() => Keep(_end - _cursor);

    public AlignedText Finish(int origin) => new(_chars.AsMemory(0, Length), _isTracked ? _starts : null, _isTracked ? _ends : null, origin);

    private void Write(int codePoint, (int Start, int End) place)
    {
        int width = CodePoints.Width(codePoint);
        Reserve(width);
        if (width == 1)
        {
            _chars[Length] = (char)codePoint;
        }
        else
        {
            _chars[Length] = (char)((codePoint - 0x10000 >> 10) + 0xD800);
            _chars[Length + 1] = (char)((codePoint & 0x3FF) + 0xDC00);
        }

        if (_isTracked)
        {
            _starts.AsSpan(Length, width).Fill(place.Start);
            _ends.AsSpan(Length, width).Fill(place.End);
        }

        Length += width;
    }

    private void Reserve(int count)
    {
        if (Length + count <= _chars.Length)
            return;
        if (Length + count > _limit)
            throw new TokenizerException($"The normalizer or pre-tokenizer makes the text longer than {_limit} characters.");
        Resize(Math.Max(_chars.Length * 2, Length + count));
    }

    private void Resize(int size)
    {
        size = Math.Max(size, _chars.Length);
        Array.Resize(ref _chars, size);
        if (!_isTracked)
            return;
        Array.Resize(ref _starts, size);
        Array.Resize(ref _ends, size);
    }
}
