using LlmCourse.Tokenization.Decoders;
using LlmCourse.Tokenization.PreTokenizers;

namespace LlmCourse.Tokenization;

/// <summary>Reads the decoder section.</summary>
internal static class DecoderReader
{
    public static IDecoder ReadOrJoin(JsonSection part) => part.IsNull ? new JoinDecoder() : Read(part);

    private static IDecoder Read(JsonSection part)
    {
        string type = TokenizerJson.TypeOf(part);
        return type switch
        {
            "Sequence" => new SequenceDecoder([.. part.Required("decoders").Items().Select(Read)]),
            "ByteLevel" => new ByteLevelDecoder(),
            "ByteFallback" => new ByteFallbackDecoder(),
            "Fuse" => new FuseDecoder(),
            "Strip" => new StripDecoder(part.Required("content").Character(), part.Required("start").Limit(), part.Required("stop").Limit()),
            "Replace" => new ReplaceDecoder(NormalizerReader.ReadPattern(part.Required("pattern")), part.Required("content").Text()),
            "Metaspace" => new MetaspaceDecoder(part.Required("replacement").Character(), PreTokenizerReader.ReadScheme(part) != PrependScheme.Never),
            "WordPiece" => new WordPieceDecoder(part.Required("prefix").Text(), part.Required("cleanup").Flag()),
            "BPEDecoder" => new BpeDecoder(part.Required("suffix").Text()),
            "CTC" => new CtcDecoder(part.Required("pad_token").Text(), part.Required("word_delimiter_token").Text(), part.Required("cleanup").Flag()),
            _ => throw part.Unsupported("decoder", type),
        };
    }
}
