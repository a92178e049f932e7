using LlmCourse.Tokenization.Patterns;
using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tokenization.Normalizers;

/// <summary>Replace: puts a literal text in the place of every match.</summary>
internal sealed class ReplaceNormalizer(Pattern pattern, string content) : INormalizer
{
    public AlignedText Normalize(AlignedText text)
    {
        List<(int Start, int End)> matches = [];
        pattern.FindAll(text.Span, matches);
        if (matches.Count == 0)
            return text;
        AlignedWriter writer = new(text.IsTracked, text.Length + matches.Count * content.Length);
        writer.Begin(text);
        int at = 0;
        foreach ((int start, int end) in matches)
        {
            writer.Keep(start - at);
            writer.Skip(end - start);
            writer.Insert(content);
            at = end;
        }

        writer.KeepRest();
        return writer.Finish(text.Origin);
    }
}
