using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tokenization.PostProcessors;

/// <summary>A place in a template: the first text (0), the second (1), or special tokens (-1).</summary>
internal sealed record TemplatePiece(int Sequence, int TypeId, int[] Ids, string[] Tokens)
{
    public static TemplatePiece Text(int sequence, int typeId) => new(sequence, typeId, [], []);

    public static TemplatePiece Special(int typeId, int[] ids, string[] tokens) => new(-1, typeId, ids, tokens);

    public bool IsText => Sequence >= 0;
}

/// <summary>TemplateProcessing; BertProcessing is one of its templates.</summary>
internal sealed class TemplateProcessor(IReadOnlyList<TemplatePiece> single, IReadOnlyList<TemplatePiece> pair) : IPostProcessor
{
    public (int[] Before, int[] After)? SingleFrame { get; } = Frame(single);

    public int AddedTokens(bool isPair) => (isPair ? pair : single).Sum(piece => piece.Ids.Length);

    public List<EncodingDraft> Process(List<EncodingDraft> encodings, bool addSpecialTokens)
    {
        List<EncodingDraft> result = [];
        foreach (TemplatePiece piece in encodings.Count > 1 ? pair : single)
        {
            if (piece.IsText)
            {
                EncodingDraft text = encodings[piece.Sequence];
                text.SetTypeIds(piece.TypeId);
                text.SetSequence(piece.Sequence);
                result.Add(text.Copy());
            }
            else if (addSpecialTokens)
            {
                EncodingDraft special = new();
                for (int i = 0; i < piece.Ids.Length; i++)
                    special.AddSpecial(piece.Ids[i], piece.Tokens[i], piece.TypeId);
                result.Add(special);
            }
        }

        return result;
    }

    private static (int[], int[])? Frame(IReadOnlyList<TemplatePiece> pieces)
    {
        int[] texts = [.. Enumerable.Range(0, pieces.Count).Where(i => pieces[i].IsText)];
        return texts is [int at]
            ? ([.. pieces.Take(at).SelectMany(piece => piece.Ids)], [.. pieces.Skip(at).SelectMany(piece => piece.Ids)])
            : null;
    }
}
