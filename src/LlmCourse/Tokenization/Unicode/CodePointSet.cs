namespace LlmCourse.Tokenization.Unicode;

/// <summary>An immutable set of code points: sorted bounds, where membership changes, and a bitmap of the first plane.</summary>
internal sealed class CodePointSet
{
    /// <summary>Sets with no more bounds than this need no bitmap.</summary>
    private const int Scanned = 8;

    private readonly int[] _bounds;
    private ulong[]? _bitmap;

    private CodePointSet(int[] bounds) => _bounds = bounds;

    public static CodePointSet Empty { get; } = new([]);

    public static CodePointSet All { get; } = new([0, CodePoints.Last + 1]);

    public bool IsEmpty => _bounds.Length == 0;

    /// <summary>The only code point of the set, or -1.</summary>
    public int Single => _bounds.Length == 2 && _bounds[0] + 1 == _bounds[1] ? _bounds[0] : -1;

    /// <summary>The inclusive ranges of the set.</summary>
    public IEnumerable<(int First, int Last)> Ranges
    {
        get
        {
            for (int i = 0; i < _bounds.Length; i += 2)
                yield return (_bounds[i], _bounds[i + 1] - 1);
        }
    }

    public static CodePointSet Of(params ReadOnlySpan<int> codePoints)
    {
        List<(int, int)> ranges = [];
        foreach (int codePoint in codePoints)
            ranges.Add((codePoint, codePoint));
        return FromRanges(ranges);
    }

    public static CodePointSet Range(int first, int last) => new([first, last + 1]);

    /// <summary>A set from inclusive ranges in any order, which may overlap.</summary>
    public static CodePointSet FromRanges(IEnumerable<(int First, int Last)> ranges)
    {
        List<int> bounds = [];
        foreach ((int first, int last) in ranges.OrderBy(range => range.First))
        {
            if (bounds.Count > 0 && first <= bounds[^1])
            {
                bounds[^1] = Math.Max(bounds[^1], last + 1);
                continue;
            }

            bounds.Add(first);
            bounds.Add(last + 1);
        }

        return new([.. bounds]);
    }

    public static CodePointSet Where(Func<int, bool> belongs)
    {
        List<int> bounds = [];
        bool inside = false;
        for (int codePoint = 0; codePoint <= CodePoints.Last; codePoint++)
        {
            if (belongs(codePoint) == inside)
                continue;
            inside = !inside;
            bounds.Add(codePoint);
        }

        if (inside)
            bounds.Add(CodePoints.Last + 1);
        return new([.. bounds]);
    }

    public CodePointSet Union(CodePointSet other) => FromRanges(Ranges.Concat(other.Ranges));

    public CodePointSet Intersect(CodePointSet other) => Complement().Union(other.Complement()).Complement();

    public CodePointSet Complement()
    {
        List<int> bounds = [.. _bounds];
        if (bounds.Count > 0 && bounds[0] == 0)
            bounds.RemoveAt(0);
        else
            bounds.Insert(0, 0);
        if (bounds.Count > 0 && bounds[^1] == CodePoints.Last + 1)
            bounds.RemoveAt(bounds.Count - 1);
        else
            bounds.Add(CodePoints.Last + 1);
        return new([.. bounds]);
    }

    public bool Contains(int codePoint)
    {
        if (_bounds.Length <= Scanned)
            return IsScanned(codePoint);
        if (codePoint >= 0x10000)
            return InBounds(codePoint);
        ulong[] bitmap = _bitmap ?? MakeBitmap();
        return (bitmap[codePoint >> 6] >> (codePoint & 63) & 1) != 0;
    }

    private bool IsScanned(int codePoint)
    {
        for (int i = 0; i < _bounds.Length; i += 2)
        {
            if (codePoint < _bounds[i])
                return false;
            if (codePoint < _bounds[i + 1])
                return true;
        }

        return false;
    }

    private bool InBounds(int codePoint)
    {
        int at = Array.BinarySearch(_bounds, codePoint);
        return ((at >= 0 ? at : ~at - 1) & 1) == 0;
    }

    private ulong[] MakeBitmap()
    {
        ulong[] bitmap = new ulong[1024];
        foreach ((int first, int last) in Ranges)
        {
            for (int codePoint = first; codePoint <= Math.Min(last, 0xFFFF); codePoint++)
                bitmap[codePoint >> 6] |= 1UL << (codePoint & 63);
        }

        _bitmap = bitmap;
        return bitmap;
    }
}
