using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tokenization.Normalizers;

/// <summary>Sequence: one after the other.</summary>
internal sealed class SequenceNormalizer(INormalizer[] steps) : INormalizer
{
    public AlignedText Normalize(AlignedText text)
    {
        foreach (INormalizer step in steps)
            text = step.Normalize(text);
        return text;
    }
}
