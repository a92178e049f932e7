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

    private static readonly int _han = Array.IndexOf(UnicodeTables.ScriptNames, "Han");
    private static readonly int _hiragana = Array.IndexOf(UnicodeTables.ScriptNames, "Hiragana");
    private static readonly int _katakana = Array.IndexOf(UnicodeTables.ScriptNames, "Katakana");

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
        if (codePoint == ' ')
            return Blank;
        if (codePoint == 0x30FC)
            return _han;
        int script = Scripts.Of(codePoint);
        return script < 0 ? Blank : script == _hiragana || script == _katakana ? _han : script;
    }
}
