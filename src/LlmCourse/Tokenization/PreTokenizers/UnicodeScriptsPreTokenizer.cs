using LlmCourse.Tokenization.Text;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.PreTokenizers;

/// <summary>
/// UnicodeScripts: cuts where the script changes. Kana counts as Han; a blank, and what has no script, belongs to what is before
/// it, and before the first letter it is dropped, as in the reference.
/// </summary>
internal sealed class UnicodeScriptsPreTokenizer : IPreTokenizer, ISplitter
{
    private const int Blank = -2, None = -3;

    private static readonly int Common = Array.IndexOf(UnicodeTables.ScriptNames, "Common");
    private static readonly int Devanagari = Array.IndexOf(UnicodeTables.ScriptNames, "Devanagari");
    private static readonly int Han = Array.IndexOf(UnicodeTables.ScriptNames, "Han");
    private static readonly int Hiragana = Array.IndexOf(UnicodeTables.ScriptNames, "Hiragana");
    private static readonly int Katakana = Array.IndexOf(UnicodeTables.ScriptNames, "Katakana");

    /// <summary>The reference's table is of Unicode 9: what came later has no script.</summary>
    private static readonly Lazy<CodePointSet> Known = new(() => PackedTable.Ranges(UnicodeTables.Unicode9));

    public bool NeedsPlaces => false;

    public void Apply(PieceList pieces) => pieces.Split(this);

    public void Split(ReadOnlySpan<char> text, List<(int Start, int End)> ranges)
    {
        int last = None, start = -1;
        for (int i = 0; i < text.Length;)
        {
            int codePoint = CodePoints.At(text, i);
            int script = ScriptOf(codePoint);
            if (script != Blank)
            {
                if (script != last)
                {
                    if (start >= 0)
                        ranges.Add((start, i));
                    start = i;
                }

                last = script;
            }

            i += CodePoints.Width(codePoint);
        }

        if (start >= 0)
            ranges.Add((start, text.Length));
    }

    private static int ScriptOf(int codePoint)
    {
        if (codePoint == ' ' || !Known.Value.Contains(codePoint))
            return Blank;
        int script = codePoint switch
        {
            0x30FC => Han,
            // These have changed their script since Unicode 9.
            0x589 or 0x61C => Common,
            0x953 or 0x954 => Devanagari,
            _ => Scripts.Of(codePoint),
        };
        return script < 0 ? Blank : script == Hiragana || script == Katakana ? Han : script;
    }
}
