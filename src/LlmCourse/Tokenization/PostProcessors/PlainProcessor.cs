using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tokenization.PostProcessors;

/// <summary>
/// What happens where a file has no post-processor: the texts follow each other. As in the reference, which text a token is of
/// is noted for pairs only, and not in what truncation cut off.
/// </summary>
internal sealed class PlainProcessor : IPostProcessor
{
    public (int[] Before, int[] After)? SingleFrame => ([], []);

    public int AddedTokens(bool isPair) => 0;

    public List<EncodingDraft> Process(List<EncodingDraft> encodings, bool addSpecialTokens)
    {
        for (int i = 0; encodings.Count > 1 && i < encodings.Count; i++)
            encodings[i].SetSequence(i);
        return encodings;
    }
}
