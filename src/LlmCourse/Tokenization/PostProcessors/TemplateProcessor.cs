using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tokenization.PostProcessors;

/// <summary>A place in a template: the first text (0), the second (1), or special tokens (-1).</summary>
internal sealed record TemplatePiece(int Sequence, int TypeId, TextToken[] Tokens)
{
    public static TemplatePiece Text(int sequence, int typeId) => new(sequence, typeId, []);

    public static TemplatePiece Special(int typeId, int[] ids, string[] tokens) =>
        new(-1, typeId, [.. ids.Zip(tokens, (id, token) => TextToken.Special(id, token, typeId))]);

    public bool IsText => Sequence >= 0;
}

/// <summary>TemplateProcessing; BertProcessing is one of its templates.</summary>
internal sealed class TemplateProcessor(TemplatePiece[] single, TemplatePiece[] pair) : IPostProcessor
{
    public (int[] Before, int[] After)? SingleFrame { get; } = Frame(single);

    public int AddedTokens(bool isPair) => (isPair ? pair : single).Sum(piece => piece.Tokens.Length);

    public List<EncodingDraft> Process(List<EncodingDraft> encodings, bool addSpecialTokens)
    {
        List<EncodingDraft> result = [];
        foreach (TemplatePiece piece in encodings.Count > 1 ? pair : single)
        {
            if (piece.IsText)
            {
                EncodingDraft text = encodings[piece.Sequence];
                if (result.Contains(text))
                    text = text.Copy();
                text.SetTypeIds(piece.TypeId);
                text.SetSequence(piece.Sequence);
                result.Add(text);
            }
            else if (addSpecialTokens)
            {
                result.Add(new("", [.. piece.Tokens]));
            }
        }

        return result;
    }

    private static (int[], int[])? Frame(TemplatePiece[] pieces)
    {
        int[] texts = [.. Enumerable.Range(0, pieces.Length).Where(i => pieces[i].IsText)];
        return texts is [int at] ? (Ids(pieces[..at]), Ids(pieces[at..])) : null;
    }

    private static int[] Ids(TemplatePiece[] pieces) => [.. pieces.SelectMany(piece => piece.Tokens).Select(token => token.Id)];
}
