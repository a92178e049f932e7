using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tokenization.PostProcessors;

/// <summary>Sequence: one after the other.</summary>
internal sealed class SequenceProcessor(IPostProcessor[] steps) : IPostProcessor
{
    /// <summary>How many steps do more than trim offsets.</summary>
    public int Arranging => steps.Sum(step => step is SequenceProcessor inner ? inner.Arranging : step is ByteLevelProcessor ? 0 : 1);

    public (int[] Before, int[] After)? SingleFrame
    {
        get
        {
            IPostProcessor[] adding = [.. steps.Where(step => step is not ByteLevelProcessor)];
            return adding.Length switch { 0 => ([], []), 1 => adding[0].SingleFrame, _ => null };
        }
    }

    public int AddedTokens(bool isPair) => steps.Sum(step => step.AddedTokens(isPair));

    public List<EncodingDraft> Process(List<EncodingDraft> encodings, bool addSpecialTokens)
    {
        foreach (IPostProcessor step in steps)
            encodings = step.Process(encodings, addSpecialTokens);
        return encodings;
    }
}
