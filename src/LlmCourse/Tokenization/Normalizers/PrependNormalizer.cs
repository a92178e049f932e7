using LlmCourse.Tokenization.Text;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.Normalizers;

/// <summary>Prepend: puts a text in front, unless there is nothing to put it in front of.</summary>
internal sealed class PrependNormalizer(string prefix) : INormalizer
{
    public AlignedText Normalize(AlignedText text)
    {
        if (text.Length == 0)
            return text;
        AlignedWriter writer = new(text.IsTracked, text.Length + prefix.Length);
        writer.Begin(text);
        writer.PutBeforeNext(prefix);
        if (prefix.Length == 0)
            InsertFirst(text, writer);
        writer.KeepRest();
        return writer.Finish(text.Origin);
    }

    /// <summary>The reference counts the first character as inserted after the prefix, so that after an empty one it has no place.</summary>
    private static void InsertFirst(AlignedText text, AlignedWriter writer)
    {
        int first = CodePoints.At(text.Span, 0);
        writer.Put(first, 1);
        writer.Skip(CodePoints.Width(first));
    }
}
