using System.Globalization;
using System.Text;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Evaluation.Text;

/// <summary>
/// ROUGE's words: lower case, runs of a to z and 0 to 9 (or of any letters, marks and digits), words of more than three
/// characters stemmed. Each different word is stemmed once. Not thread-safe.
/// </summary>
internal sealed class RougeTokenizer(bool stems, bool unicode, bool splitsSentences)
{
    private const int ShortestStemmed = 4;

    private readonly WordIds _words = new();
    private readonly WordIds _stems = new();
    private readonly List<int> _stemOfWord = [];
    private char[] _word = new char[64];

    /// <summary>Token ids are below it.</summary>
    public int Vocabulary => _stems.Count;

    public void Read(string text, RougeText into)
    {
        into.Clear();
        if (unicode)
            text = Composed(text);
        for (int start = 0; start < text.Length;)
        {
            int end = splitsSentences ? SentenceEnd.Next(text, start) : text.IndexOf('\n', start);
            if (end < 0)
                end = text.Length;
            if (unicode)
                ReadUnicode(text.AsSpan(start, end - start), into);
            else
                ReadAscii(text.AsSpan(start, end - start), into);
            into.EndLine();
            start = splitsSentences ? end : end + 1;
        }
    }

    private void ReadAscii(ReadOnlySpan<char> line, RougeText into)
    {
        if (_word.Length < line.Length)
            _word = new char[line.Length];
        int length = 0;
        foreach (char c in line)
        {
            // The Kelvin sign's lower case is "k", that of the dotted I is an "i" and a mark, which ends the word.
            char letter = char.IsAsciiLetterUpper(c) ? (char)(c | 0x20) : c == '\u212A' ? 'k' : c == '\u0130' ? 'i' : c;
            if (char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter))
            {
                _word[length++] = letter;
                if (c != '\u0130')
                    continue;
            }

            Flush(ref length, into);
        }

        Flush(ref length, into);
    }

    private void ReadUnicode(ReadOnlySpan<char> line, RougeText into)
    {
        string lower = WhiteSpace.Lower(line.ToString());
        if (_word.Length < lower.Length)
            _word = new char[lower.Length];
        int length = 0;
        foreach (Rune rune in lower.EnumerateRunes())
        {
            bool isIdeograph = CodePointClasses.Ideograph.Contains(rune.Value);
            if (isIdeograph || !IsWord(rune))
                Flush(ref length, into);
            if (!isIdeograph && !IsWord(rune))
                continue;
            length += rune.EncodeToUtf16(_word.AsSpan(length));
            if (isIdeograph)
                Flush(ref length, into);
        }

        Flush(ref length, into);
    }

    private static bool IsWord(Rune rune) => Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
        or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter
        or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark
        or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;

    private static string Composed(string text)
    {
        if (Ascii.IsValid(text))
            return text;
        var composed = new StringBuilder(text.Length);
        foreach ((int codePoint, _) in NormalForm.Compose(CodePoints.Valid(text), compatibility: false))
            composed.Append(CodePoints.ToText(codePoint));
        return composed.ToString();
    }

    private void Flush(ref int length, RougeText into)
    {
        if (length == 0)
            return;
        ReadOnlySpan<char> word = _word.AsSpan(0, length);
        length = 0;
        int id = _words.Of(word);
        if (id == _stemOfWord.Count)
        {
            bool isStemmed = stems && word.Length >= ShortestStemmed && Ascii.IsValid(word);
            _stemOfWord.Add(_stems.Of(isStemmed ? PorterStemmer.Stem(word.ToString()) : word));
        }

        into.Add(_stemOfWord[id]);
    }
}
