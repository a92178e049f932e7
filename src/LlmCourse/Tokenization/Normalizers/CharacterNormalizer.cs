using LlmCourse.Tokenization.Text;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.Normalizers;

/// <summary>The base of normalizers that look at one character at a time.</summary>
internal abstract class CharacterNormalizer : INormalizer
{
    public AlignedText Normalize(AlignedText text)
    {
        AlignedWriter writer = new(text.IsTracked, text.Length + 8);
        writer.Begin(text);
        ReadOnlySpan<char> span = text.Span;
        for (int i = 0; i < span.Length;)
        {
            int codePoint = CodePoints.At(span, i);
            i += CodePoints.Width(codePoint);
            Write(codePoint, writer);
        }

        return writer.Finish(text.Origin);
    }

    /// <summary>Writes what becomes of the writer's next character.</summary>
    protected abstract void Write(int codePoint, AlignedWriter writer);
}
