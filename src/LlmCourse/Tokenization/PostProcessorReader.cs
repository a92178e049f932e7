using LlmCourse.Runtime;
using LlmCourse.Tokenization.PostProcessors;

namespace LlmCourse.Tokenization;

/// <summary>Reads the post_processor section.</summary>
internal static class PostProcessorReader
{
    public static IPostProcessor ReadOrPlain(JsonSection part) => part.IsNull ? new PlainProcessor() : Read(part);

    /// <summary>cls A sep, and with a second text B sep, whose type id is given.</summary>
    public static TemplateProcessor Bert((string Token, int Id) cls, (string Token, int Id) sep, int secondTypeId)
    {
        TemplatePiece begin = Special(cls, 0), end = Special(sep, 0);
        return new TemplateProcessor(
            [begin, TemplatePiece.Text(0, 0), end],
            [begin, TemplatePiece.Text(0, 0), end, TemplatePiece.Text(1, secondTypeId), Special(sep, secondTypeId)]);
    }

    /// <summary>cls A sep, and with a second text sep B sep, all of type 0.</summary>
    public static TemplateProcessor Roberta((string Token, int Id) cls, (string Token, int Id) sep)
    {
        TemplatePiece begin = Special(cls, 0), end = Special(sep, 0);
        return new TemplateProcessor(
            [begin, TemplatePiece.Text(0, 0), end],
            [begin, TemplatePiece.Text(0, 0), end, end, TemplatePiece.Text(1, 0), end]);
    }

    /// <summary>bos A, and with a second text bos A bos B.</summary>
    public static TemplateProcessor Beginning((string Token, int Id) bos)
    {
        TemplatePiece begin = Special(bos, 0);
        return new TemplateProcessor([begin, TemplatePiece.Text(0, 0)], [begin, TemplatePiece.Text(0, 0), Special(bos, 1), TemplatePiece.Text(1, 1)]);
    }

    private static IPostProcessor Read(JsonSection part)
    {
        string type = TokenizerJson.TypeOf(part);
        return type switch
        {
            "Sequence" => ReadSequence(part),
            "ByteLevel" => new ByteLevelProcessor(part.Required("trim_offsets").Flag(), part.Required("add_prefix_space").Flag()),
            "BertProcessing" => Bert(Token(part.Required("cls")), Token(part.Required("sep")), secondTypeId: 1),
            "RobertaProcessing" => new RobertaProcessor(
                part.Required("trim_offsets").Flag(),
                part.Required("add_prefix_space").Flag(),
                Roberta(Token(part.Required("cls")), Token(part.Required("sep")))),
            "TemplateProcessing" => ReadTemplate(part),
            _ => throw part.Unsupported("post_processor", type),
        };
    }

    /// <summary>One step may arrange the texts; a second one would have to tell its own special tokens from those of the first.</summary>
    private static SequenceProcessor ReadSequence(JsonSection part)
    {
        SequenceProcessor sequence = new([.. part.Required("processors").Items().Select(Read)]);
        return sequence.Arranging <= 1 ? sequence
            : throw new TokenizerException($"{part.Path}: a Sequence with more than one step that adds special tokens is not supported.") { UnsupportedPart = "post_processor Sequence" };
    }

    private static TemplatePiece Special((string Token, int Id) token, int typeId) => TemplatePiece.Special(typeId, [token.Id], [token.Token]);

    /// <summary>[text, id].</summary>
    private static (string, int) Token(JsonSection node)
    {
        IReadOnlyList<JsonSection> items = node.Items();
        return items.Count == 2 ? (items[0].Text(), items[1].Number()) : throw node.Error("must be a token and its id");
    }

    private static TemplateProcessor ReadTemplate(JsonSection part)
    {
        Dictionary<string, (int[] Ids, string[] Tokens)> special = new(StringComparer.Ordinal);
        foreach ((string name, JsonSection token) in part.Required("special_tokens").Members())
        {
            int[] ids = [.. token.Required("ids").Items().Select(id => id.Number())];
            string[] tokens = [.. token.Required("tokens").Items().Select(text => text.Text())];
            special[name] = ids.Length == tokens.Length ? (ids, tokens) : throw token.Error($"'{name}' must have as many ids as tokens");
        }

        return new TemplateProcessor(Pieces(part.Required("single"), special, texts: 1), Pieces(part.Required("pair"), special, texts: 2));
    }

    private static TemplatePiece[] Pieces(JsonSection template, Dictionary<string, (int[] Ids, string[] Tokens)> special, int texts) =>
        [.. template.Items().Select(piece => Piece(piece, special, texts))];

    private static TemplatePiece Piece(JsonSection node, Dictionary<string, (int[] Ids, string[] Tokens)> special, int texts)
    {
        if (node["Sequence"] is { IsNull: false } sequence)
        {
            int number = sequence.Required("id").Text() switch { "A" => 0, "B" => 1, _ => throw sequence.Error("Sequence must be A or B") };
            if (number >= texts)
                throw sequence.Error("Sequence B cannot stand in the template for a single text");
            return TemplatePiece.Text(number, sequence.Required("type_id").Number());
        }

        JsonSection token = node["SpecialToken"];
        if (token.IsNull)
            throw node.Error("must be a Sequence or a SpecialToken");
        string name = token.Required("id").Text();
        return special.TryGetValue(name, out (int[] Ids, string[] Tokens) ids)
            ? TemplatePiece.Special(token.Required("type_id").Number(), ids.Ids, ids.Tokens)
            : throw new TokenizerException($"{token.Path}: the template names '{name}', which special_tokens lacks.");
    }
}
