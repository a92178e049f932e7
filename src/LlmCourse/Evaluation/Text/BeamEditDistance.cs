namespace LlmCourse.Evaluation.Text;

/// <summary>
/// Word edit distance to one reference, in a band around the diagonal. Remembers the table of the last whole text, so that a
/// variant of it costs only the rows behind what they have in common.
/// </summary>
internal sealed class BeamEditDistance
{
    private const int BeamWidth = 25;
    private const int Infinity = int.MaxValue / 2;

    private readonly int[] _reference;
    private readonly int _length;
    private readonly (int First, int End)[] _bands;
    private readonly int[][] _rows;
    private readonly int[][] _variantRows;
    private readonly byte[][] _edits;

    /// <param name="reference">Its words.</param>
    /// <param name="length">How many words every hypothesis has.</param>
    public BeamEditDistance(int[] reference, int length)
    {
        _reference = reference;
        _length = length;
        double ratio = length > 0 ? (double)reference.Length / length : 1;
        // Where the lengths differ so much that neighbouring bands would not overlap, the band is wider.
        int beam = BeamWidth < ratio / 2 ? (int)Math.Ceiling((ratio / 2) + BeamWidth) : BeamWidth;
        int width = reference.Length + 1;
        _bands = new (int, int)[length + 1];
        _bands[0] = (0, width);
        for (int i = 1; i <= length; i++)
        {
            int diagonal = (int)Math.Floor(i * ratio);
            _bands[i] = (Math.Max(0, diagonal - beam), i == length ? width : Math.Min(width, diagonal + beam));
        }

        _rows = [.. _bands.Select(band => new int[band.End - band.First])];
        _variantRows = [.. _bands.Select(band => new int[band.End - band.First])];
        _edits = [.. _bands.Select(band => new byte[band.End - band.First])];
        for (int j = 0; j < width; j++)
        {
            _rows[0][j] = j;
            _edits[0][j] = (byte)Edit.Insert;
        }
    }

    private enum Edit : byte
    {
        Match,
        Replace,
        Delete,
        Insert,
    }

    /// <summary>The distance of a text, whose table is kept.</summary>
    public int Of(ReadOnlySpan<int> words)
    {
        for (int i = 1; i <= _length; i++)
            Fill(i, words[i - 1], _rows[i - 1], _rows[i], _edits[i]);
        return _rows[_length][^1];
    }

    /// <summary>The distance of a variant of the kept text.</summary>
    public int Of(ReadOnlySpan<int> variant, ReadOnlySpan<int> kept)
    {
        int common = variant.CommonPrefixLength(kept);
        int[] above = _rows[common];
        for (int i = common + 1; i <= _length; i++)
        {
            Fill(i, variant[i - 1], above, _variantRows[i], []);
            above = _variantRows[i];
        }

        return above[^1];
    }

    /// <summary>How the kept text and the reference stand to each other.</summary>
    public ShiftSearch.Alignment Align()
    {
        int[] of = new int[_reference.Length];
        bool[] hypothesisErrors = new bool[_length], referenceErrors = new bool[_reference.Length];
        for (int i = _length, j = _reference.Length; i > 0 || j > 0;)
        {
            switch ((Edit)_edits[i][j - _bands[i].First])
            {
                case Edit.Insert:
                    referenceErrors[--j] = true;
                    of[j] = i - 1;
                    break;
                case Edit.Delete:
                    hypothesisErrors[--i] = true;
                    break;
                case Edit edit:
                    hypothesisErrors[--i] = referenceErrors[--j] = edit == Edit.Replace;
                    of[j] = i;
                    break;
            }
        }

        return new ShiftSearch.Alignment(of, hypothesisErrors, referenceErrors);
    }

    /// <summary>One row; among equal edits a match or replacement before a deletion before an insertion.</summary>
    private void Fill(int i, int word, int[] above, int[] row, Span<byte> edits)
    {
        (int first, int end) = _bands[i];
        int firstAbove = _bands[i - 1].First, left = Infinity;
        int diagonal = first > firstAbove && first - 1 - firstAbove < above.Length ? above[first - 1 - firstAbove] : Infinity;
        for (int j = first; j < end; j++)
        {
            int cost = Infinity;
            Edit edit = Edit.Match;
            if (diagonal < Infinity)
            {
                bool same = word == _reference[j - 1];
                cost = diagonal + (same ? 0 : 1);
                edit = same ? Edit.Match : Edit.Replace;
            }

            int up = j >= firstAbove && j - firstAbove < above.Length ? above[j - firstAbove] : Infinity;
            if (up + 1 < cost)
                (cost, edit) = (up + 1, Edit.Delete);
            if (left + 1 < cost)
                (cost, edit) = (left + 1, Edit.Insert);
            row[j - first] = left = cost;
            diagonal = up;
            if (edits.Length > 0)
                edits[j - first] = (byte)edit;
        }
    }
}
