using LlmCourse.Tokenization.Text;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.PreTokenizers;

/// <summary>
/// GPT-2's pattern by hand. Its matches cover every text, so each is a piece.
/// </summary>
internal sealed class Gpt2Splitter : IPreTokenizer, ISplitter
{
    /// <summary>The pattern as files write it.</summary>
    public const string Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private enum Kind { Letter, Number, Space, Other }

    private static readonly Kind[] Ascii = [.. Enumerable.Range(0, 128).Select(KindOfAny)];

    public bool NeedsPlaces => false;

    public void Apply(PieceList pieces) => pieces.Split(this);

    public void Split(ReadOnlySpan<char> text, List<(int Start, int End)> ranges)
    {
        for (int start = 0; start < text.Length;)
        {
            int end = MatchFrom(text, start);
            ranges.Add((start, end));
            start = end;
        }
    }

    private static int MatchFrom(ReadOnlySpan<char> text, int start)
    {
        if (text[start] == '\'' && Contraction(text[(start + 1)..]) is > 0 and int suffix)
            return start + 1 + suffix;
        int at = start;
        if (text[at] == ' ' && at + 1 < text.Length)
            at++;
        Kind kind = KindOf(CodePoints.At(text, at));
        if (kind != Kind.Space)
            return RunEnd(text, at, kind);

        // White space: all of it at the end of the text, else all but its last character, which goes with the next word
        // if it is a blank and stands by itself otherwise.
        int end = RunEnd(text, start, Kind.Space);
        return end == text.Length || end == start + 1 ? end : end - 1;
    }

    private static int Contraction(ReadOnlySpan<char> rest) => rest switch
    {
        ['s' or 't' or 'm' or 'd', ..] => 1,
        ['r' or 'v', 'e', ..] or ['l', 'l', ..] => 2,
        _ => 0,
    };

    private static int RunEnd(ReadOnlySpan<char> text, int at, Kind kind)
    {
        while (at < text.Length)
        {
            int codePoint = CodePoints.At(text, at);
            if (KindOf(codePoint) != kind)
                break;
            at += CodePoints.Width(codePoint);
        }

        return at;
    }

    private static Kind KindOf(int codePoint) => codePoint < 128 ? Ascii[codePoint] : KindOfAny(codePoint);

    private static Kind KindOfAny(int codePoint) =>
        CodePointClasses.Letter.Contains(codePoint) ? Kind.Letter
        : CodePointClasses.Number.Contains(codePoint) ? Kind.Number
        : CodePointClasses.Space.Contains(codePoint) ? Kind.Space
        : Kind.Other;
}
