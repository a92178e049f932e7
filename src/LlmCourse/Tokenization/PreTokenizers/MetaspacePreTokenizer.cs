using LlmCourse.Tokenization.Text;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.PreTokenizers;

/// <summary>When Metaspace puts its sign in front of a text.</summary>
internal enum PrependScheme { Always, First, Never }

/// <summary>Metaspace: SentencePiece's visible blank, which also begins a text or a word.</summary>
internal sealed class MetaspacePreTokenizer(int sign, PrependScheme scheme, bool splits) : IPreTokenizer, IRewriter, ISplitter
{
    private readonly string _sign = CodePoints.ToText(sign);

    public bool NeedsPlaces => false;

    public void Apply(PieceList pieces)
    {
        pieces.Rewrite(this);
        if (splits)
            pieces.Split(this);
    }

    public void Rewrite(Piece piece, AlignedWriter writer)
    {
        ReadOnlySpan<char> text = piece.Span;
        bool begins = text.StartsWith(_sign, StringComparison.Ordinal) || (text.Length > 0 && text[0] == ' ');
        if (text.Length > 0 && !begins && (scheme == PrependScheme.Always || (scheme == PrependScheme.First && piece.Origin == 0)))
            writer.PutBeforeNext(_sign);
        for (int blank = text.IndexOf(' '); blank >= 0; blank = text.IndexOf(' '))
        {
            writer.Keep(blank);
            writer.Skip(1);
            writer.Put(sign, 1);
            text = text[(blank + 1)..];
        }

        writer.KeepRest();
    }

    /// <summary>A sign begins a new piece.</summary>
    public void Split(ReadOnlySpan<char> text, List<(int Start, int End)> ranges)
    {
        int start = 0;
        while (true)
        {
            int from = start + (text[start..].StartsWith(_sign, StringComparison.Ordinal) ? _sign.Length : 0);
            int next = text[from..].IndexOf(_sign, StringComparison.Ordinal);
            if (next < 0)
                break;
            ranges.Add((start, from + next));
            start = from + next;
        }

        ranges.Add((start, text.Length));
    }
}
