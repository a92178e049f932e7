using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tokenization.PostProcessors;

/// <summary>RobertaProcessing: trimmed offsets, then cls A sep, sep B sep, all of type 0.</summary>
internal sealed class RobertaProcessor(bool trimsOffsets, bool addsBlank, TemplateProcessor template) : IPostProcessor
{
    public (int[] Before, int[] After)? SingleFrame => template.SingleFrame;

    public int AddedTokens(bool isPair) => template.AddedTokens(isPair);

    public List<EncodingDraft> Process(List<EncodingDraft> encodings, bool addSpecialTokens)
    {
        foreach (EncodingDraft encoding in encodings)
        {
            if (trimsOffsets)
                ByteLevelProcessor.TrimOffsets(encoding, addsBlank);
            encoding.SetTypeIds(0);
            // As in the reference, what truncation cut off gets them only together with the special tokens.
            for (int i = 0; addSpecialTokens && i < encoding.Overflowing.Length; i++)
                encoding.Overflowing[i].SetTypeIds(0);
        }

        return template.Process(encodings, addSpecialTokens);
    }
}
