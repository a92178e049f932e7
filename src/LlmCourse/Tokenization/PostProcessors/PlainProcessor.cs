using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tokenization.PostProcessors;

/// <summary>What happens where a file has no post-processor: the texts follow each other.</summary>
internal sealed class PlainProcessor : IPostProcessor
{
    public (int[] Before, int[] After)? SingleFrame => ([], []);

    public int AddedTokens(bool isPair) => 0;

    public List<EncodingDraft> Process(List<EncodingDraft> encodings, bool addSpecialTokens)
    {
        for (int i = 0; i < encodings.Count; i++)
            encodings[i].SetSequence(i);
        return encodings;
    }
}
