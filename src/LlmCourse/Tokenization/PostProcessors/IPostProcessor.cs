using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tokenization.PostProcessors;

/// <summary>Puts special tokens around the texts.</summary>
internal interface IPostProcessor
{
    /// <summary>How many tokens it adds to one text or a pair.</summary>
    public int AddedTokens(bool isPair);

    /// <summary>Arranges the encodings of one text or a pair; the results are joined in their order.</summary>
    public List<EncodingDraft> Process(List<EncodingDraft> encodings, bool addSpecialTokens);

    /// <summary>
    /// What stands before and after the ids of a single text, where that is all there is to it; null where only
    /// <see cref="Process"/> can tell.
    /// </summary>
    public (int[] Before, int[] After)? SingleFrame { get; }
}
