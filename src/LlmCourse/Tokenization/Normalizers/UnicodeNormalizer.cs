using LlmCourse.Tokenization.Text;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.Normalizers;

/// <summary>NFC, NFD, NFKC, NFKD.</summary>
internal sealed class UnicodeNormalizer(bool composes, bool compatibility) : INormalizer
{
    public AlignedText Normalize(AlignedText text)
    {
        if (System.Text.Ascii.IsValid(text.Span))
            return text;
        AlignedWriter writer = new(text.IsTracked, text.Length + 8);
        writer.Begin(text);
        foreach ((int codePoint, int change) in composes ? NormalForm.Compose(text.Span, compatibility) : NormalForm.Decompose(text.Span, compatibility))
            writer.Put(codePoint, change);
        return writer.Finish(text.Origin);
    }
}
