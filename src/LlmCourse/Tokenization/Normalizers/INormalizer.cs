using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tokenization.Normalizers;

/// <summary>Changes a text before it is cut into pieces.</summary>
internal interface INormalizer
{
    /// <summary>The changed text; the same instance where nothing changes.</summary>
    public AlignedText Normalize(AlignedText text);
}
