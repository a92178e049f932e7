using LlmCourse.Tokenization.Text;
using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.Normalizers;

/// <summary>Nmt: removes control characters and makes blanks of the many characters that look like one.</summary>
internal sealed class NmtNormalizer : CharacterNormalizer
{
    protected override void Write(int codePoint, AlignedWriter writer)
    {
        switch (codePoint)
        {
            case >= 0x01 and <= 0x08 or 0x0B or >= 0x0E and <= 0x1F or 0x7F or 0x8F or 0x9F:
                writer.Skip(CodePoints.Width(codePoint));
                break;
            case 0x09 or 0x0A or 0x0C or 0x0D or 0x1680 or >= 0x200B and <= 0x200F or 0x2028 or 0x2029 or 0x2581 or 0xFEFF or 0xFFFD:
                writer.Put(' ', 0);
                break;
            default:
                writer.Put(codePoint, 0);
                break;
        }
    }
}
