using LlmCourse.Tokenization.Text;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.Normalizers;

/// <summary>StripAccents: removes all marks; to reach the accents of composed letters, NFD or NFKD must come before it.</summary>
internal sealed class StripAccentsNormalizer : CharacterNormalizer
{
    protected override void Write(int codePoint, AlignedWriter writer)
    {
        if (CodePointClasses.Mark.Contains(codePoint))
            writer.Skip(CodePoints.Width(codePoint));
        else
            writer.Put(codePoint, 0);
    }
}
