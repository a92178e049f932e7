namespace LlmCourse.Tokenization.Text;

/// <summary>The pieces of a text, which the pre-tokenizers make finer one after the other.</summary>
internal sealed class PieceList(bool isTracked = false)
{
    private readonly List<(int Start, int End)> _ranges = [];
    private List<Piece> _pieces = [];
    private List<Piece> _spare = [];
    private AlignedWriter? _writer;
    private AlignedWriter? _spareWriter;

    /// <summary>Whether it is known where the characters come from.</summary>
    public bool IsTracked { get; private set; } = isTracked;

    public int Count => _pieces.Count;

    public Piece this[int index] => _pieces[index];

    /// <summary>Makes it ready for another text.</summary>
    public void Clear(bool isTracked)
    {
        _pieces.Clear();
        IsTracked = isTracked;
    }

    public void Add(Piece piece) => _pieces.Add(piece);

    /// <summary>Cuts every piece that is no added token into the ranges a splitter finds; empty ones vanish.</summary>
    public void Split(ISplitter splitter)
    {
        (List<Piece> old, _pieces, _spare) = (_pieces, _spare, _pieces);
        _pieces.Clear();
        foreach (Piece piece in old)
        {
            if (piece.IsAdded)
            {
                _pieces.Add(piece);
                continue;
            }

            _ranges.Clear();
            splitter.Split(piece.Span, _ranges);
            foreach ((int start, int end) in _ranges)
            {
                if (start < end)
                    _pieces.Add(piece with { Start = piece.Start + start, End = piece.Start + end, Origin = OriginOf(piece, start) });
            }
        }
    }

    /// <summary>Replaces the text of every piece that is no added token by what a writer makes of it; empty ones vanish.</summary>
    public void Rewrite(IRewriter rewriter)
    {
        int length = 0;
        foreach (Piece piece in _pieces)
            length += piece.End - piece.Start;
        AlignedWriter writer = _spareWriter ?? new();
        writer.Clear(IsTracked, length + length / 4);
        (_spareWriter, _writer) = (_writer, writer); // the pieces lie in what the other one has written
        _ranges.Clear();
        foreach (Piece piece in _pieces)
        {
            int start = writer.Length;
            if (!piece.IsAdded)
            {
                writer.Begin(piece.Text, piece.Start, piece.End, Math.Max(0, piece.Origin));
                rewriter.Rewrite(piece, writer);
            }

            _ranges.Add((start, writer.Length));
        }

        AlignedText text = writer.Finish(0);
        (List<Piece> old, _pieces, _spare) = (_pieces, _spare, _pieces);
        _pieces.Clear();
        for (int i = 0; i < old.Count; i++)
        {
            (int start, int end) = _ranges[i];
            if (old[i].IsAdded)
                _pieces.Add(old[i]);
            else if (start < end)
                _pieces.Add(old[i] with { Text = text, Start = start, End = end });
        }
    }

    private static int OriginOf(Piece piece, int start) =>
        start == 0 ? piece.Origin
        : piece.Text.IsTracked ? piece.Text.PlaceAt(piece.Start + start).Start
        : -1;
}
