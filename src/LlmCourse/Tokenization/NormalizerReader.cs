using LlmCourse.Tokenization.Normalizers;
using LlmCourse.Tokenization.Patterns;

namespace LlmCourse.Tokenization;

/// <summary>Reads the normalizer section.</summary>
internal static class NormalizerReader
{
    public static INormalizer Read(JsonSection part)
    {
        string type = TokenizerJson.TypeOf(part);
        return type switch
        {
            "Sequence" => new SequenceNormalizer([.. part.Required("normalizers").Items().Select(Read)]),
            "NFC" => new UnicodeNormalizer(composes: true, compatibility: false),
            "NFD" => new UnicodeNormalizer(composes: false, compatibility: false),
            "NFKC" => new UnicodeNormalizer(composes: true, compatibility: true),
            "NFKD" => new UnicodeNormalizer(composes: false, compatibility: true),
            "Lowercase" => new LowercaseNormalizer(),
            "StripAccents" => new StripAccentsNormalizer(),
            "Nmt" => new NmtNormalizer(),
            "ByteLevel" => new ByteLevelNormalizer(),
            "Strip" => new StripNormalizer(part.Required("strip_left").Flag(), part.Required("strip_right").Flag()),
            "Prepend" => new PrependNormalizer(part.Required("prepend").Text()),
            "Replace" => new ReplaceNormalizer(ReadPattern(part.Required("pattern")), part.Required("content").Text()),
            "Precompiled" => ReadPrecompiled(part.Required("precompiled_charsmap")),
            "BertNormalizer" => ReadBert(part),
            _ => throw part.Unsupported("normalizer", type),
        };
    }

    /// <summary>{"String": text} or {"Regex": expression}.</summary>
    public static Pattern ReadPattern(JsonSection pattern)
    {
        if (!pattern.IsObject || (pattern["String"].IsNull && pattern["Regex"].IsNull))
            throw pattern.Error("must be {\"String\": text} or {\"Regex\": expression}");
        return pattern["String"].IsNull ? Pattern.Regex(pattern["Regex"].Text()) : Pattern.Literal(pattern["String"].Text());
    }

    private static PrecompiledNormalizer ReadPrecompiled(JsonSection charsmap)
    {
        string text = charsmap.Text();
        byte[] table = new byte[text.Length];
        return Convert.TryFromBase64String(text, table, out int length)
            ? new PrecompiledNormalizer(table.AsSpan(0, length))
            : throw charsmap.Error("must be base64");
    }

    private static BertNormalizer ReadBert(JsonSection part)
    {
        bool lowers = part.Required("lowercase").Flag();
        return new BertNormalizer(
            part.Required("clean_text").Flag(),
            part.Required("handle_chinese_chars").Flag(),
            part["strip_accents"].Flag(absent: lowers),
            lowers);
    }
}
