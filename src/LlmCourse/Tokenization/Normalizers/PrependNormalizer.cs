using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tokenization.Normalizers;

/// <summary>Prepend: puts a text in front, unless there is nothing to put it in front of.</summary>
internal sealed class PrependNormalizer(string prefix) : INormalizer
{
    public AlignedText Normalize(AlignedText text)
    {
        if (text.Length == 0 || prefix.Length == 0)
            return text;
        AlignedWriter writer = new(text.IsTracked, text.Length + prefix.Length);
        writer.Begin(text);
        writer.PutBeforeNext(prefix);
        writer.KeepRest();
        return writer.Finish(text.Origin);
    }
}
