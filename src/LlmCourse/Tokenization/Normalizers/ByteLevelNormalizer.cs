using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tokenization.Normalizers;

/// <summary>ByteLevel: every byte of the text's UTF-8 becomes a letter.</summary>
internal sealed class ByteLevelNormalizer : CharacterNormalizer
{
    protected override void Write(int codePoint, AlignedWriter writer) => WriteBytes(codePoint, writer);

    public static void WriteBytes(int codePoint, AlignedWriter writer)
    {
        Span<char> letters = stackalloc char[4];
        int count = ByteLetters.Write(codePoint, letters);
        for (int i = 0; i < count; i++)
            writer.Put(letters[i], i == 0 ? 0 : 1);
    }
}
