using LlmCourse.Tokenization.Text;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.Normalizers;

/// <summary>Strip: removes white space at the beginning, the end, or both.</summary>
internal sealed class StripNormalizer(bool left, bool right) : INormalizer
{
    public AlignedText Normalize(AlignedText text)
    {
        ReadOnlySpan<char> span = text.Span;
        int start = 0, end = span.Length;
        while (left && start < end && CodePointClasses.Space.Contains(span[start]))
            start++;
        while (right && end > start && CodePointClasses.Space.Contains(span[end - 1]))
            end--;
        if (end - start == span.Length)
            return text;
        AlignedWriter writer = new(text.IsTracked, end - start);
        writer.Begin(text);
        writer.Skip(start);
        writer.Keep(end - start);
        return writer.Finish(text.Origin);
    }
}
