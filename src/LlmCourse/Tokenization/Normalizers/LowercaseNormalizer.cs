using LlmCourse.Tokenization.Text;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.Normalizers;

/// <summary>Lowercase: character by character.</summary>
internal sealed class LowercaseNormalizer : CharacterNormalizer
{
    protected override void Write(int codePoint, AlignedWriter writer) => WriteLower(codePoint, writer);

    public static void WriteLower(int codePoint, AlignedWriter writer)
    {
        if (LowerCase.Of(codePoint) is not int[] lower)
        {
            writer.Put(codePoint, 0);
            return;
        }

        for (int i = 0; i < lower.Length; i++)
            writer.Put(lower[i], i == 0 ? 0 : 1);
    }
}
