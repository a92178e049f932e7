using LlmCourse.Tokenization.Text;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.Normalizers;

/// <summary>BertNormalizer: cleaning, blanks around ideographs, accents, lower case, in that order.</summary>
internal sealed class BertNormalizer(bool cleansText, bool spacesIdeographs, bool stripsAccents, bool lowers) : INormalizer
{
    private readonly Cleaner _cleaner = new(cleansText, spacesIdeographs);
    private readonly UnicodeNormalizer _decomposer = new(composes: false, compatibility: false);
    private readonly Letters _letters = new(stripsAccents, lowers);

    public AlignedText Normalize(AlignedText text)
    {
        if (text.Span.ContainsAnyExceptInRange(' ', '~')) // printable ASCII has nothing to clean, and nothing to take apart
        {
            if (cleansText || spacesIdeographs)
                text = _cleaner.Normalize(text);
            if (stripsAccents)
                text = _decomposer.Normalize(text);
        }

        return stripsAccents || lowers ? _letters.Normalize(text) : text;
    }

    private sealed class Cleaner(bool cleans, bool spacesIdeographs) : CharacterNormalizer
    {
        protected override void Write(int codePoint, AlignedWriter writer)
        {
            if (cleans && (codePoint is < 32 or >= 0x7F))
            {
                if (codePoint is '\t' or '\n' or '\r' || CodePointClasses.Space.Contains(codePoint) && !CodePointClasses.BertRemoved.Contains(codePoint))
                {
                    writer.Put(' ', 0);
                    return;
                }

                if (CodePointClasses.BertRemoved.Contains(codePoint))
                {
                    writer.Skip(CodePoints.Width(codePoint));
                    return;
                }
            }

            if (spacesIdeographs && codePoint >= 0x3400 && CodePointClasses.Ideograph.Contains(codePoint))
            {
                writer.Put(' ', 0);
                writer.Put(codePoint, 1);
                writer.Put(' ', 1);
                return;
            }

            writer.Put(codePoint, 0);
        }
    }

    private sealed class Letters(bool stripsAccents, bool lowers) : CharacterNormalizer
    {
        protected override void Write(int codePoint, AlignedWriter writer)
        {
            if (stripsAccents && codePoint >= 0x300 && CodePointClasses.BertAccent.Contains(codePoint))
                writer.Skip(CodePoints.Width(codePoint));
            else if (lowers)
                LowercaseNormalizer.WriteLower(codePoint, writer);
            else
                writer.Put(codePoint, 0);
        }
    }
}
