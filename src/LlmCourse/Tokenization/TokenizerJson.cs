using LlmCourse.Runtime;

namespace LlmCourse.Tokenization;

/// <summary>Reads tokenizer.json.</summary>
internal static class TokenizerJson
{
    private const string File = "tokenizer.json";

    public static TokenizerParts Read(string json)
    {
        JsonSection root = JsonSection.Parse(json, File);
        if (root["version"] is { IsNull: false } version && version.Text() != "1.0")
            throw version.Error("must be \"1.0\"");
        return new TokenizerParts
        {
            Truncation = root["truncation"] is { IsNull: false } truncation ? ReadTruncation(truncation) : null,
            Padding = root["padding"] is { IsNull: false } padding ? ReadPadding(padding) : null,
            AddedTokens = root["added_tokens"] is { IsNull: false } added ? [.. added.Items().Select(token => ReadAddedToken(token, null))] : [],
            Normalizer = root["normalizer"] is { IsNull: false } normalizer ? NormalizerReader.Read(normalizer) : null,
            PreTokenizer = root["pre_tokenizer"] is { IsNull: false } preTokenizer ? PreTokenizerReader.Read(preTokenizer) : null,
            PostProcessor = PostProcessorReader.ReadOrPlain(root["post_processor"]),
            Decoder = DecoderReader.ReadOrJoin(root["decoder"]),
            Model = ModelReader.Read(root.Required("model")),
        };
    }

    /// <summary>The type of a part, which every part must name.</summary>
    public static string TypeOf(JsonSection part)
    {
        if (!part.IsObject)
            throw part.Error("must be an object");
        return part.Required("type").Text();
    }

    /// <summary>An added token, whose id may stand elsewhere.</summary>
    public static AddedToken ReadAddedToken(JsonSection token, int? knownId)
    {
        string content = token.Required("content").Text();
        if (knownId is null && token["id"].IsNull)
            throw new TokenizerException($"{token.Path}: the added token '{content}' has no id.");
        return new AddedToken
        {
            Id = knownId ?? token["id"].Number(),
            Content = content,
            IsSingleWord = token["single_word"].Flag(absent: false),
            TakesLeft = token["lstrip"].Flag(absent: false),
            TakesRight = token["rstrip"].Flag(absent: false),
            IsNormalized = token["normalized"].Flag(absent: false),
            IsSpecial = token["special"].Flag(absent: false),
        };
    }

    private static TruncationOptions ReadTruncation(JsonSection truncation) => new()
    {
        MaxLength = truncation.Required("max_length").Limit(),
        Stride = truncation.Required("stride").Limit(),
        Strategy = Choice(truncation.Required("strategy"), TruncationStrategy.LongestFirst, TruncationStrategy.OnlyFirst, TruncationStrategy.OnlySecond),
        Side = truncation["direction"] is { IsNull: false } side ? Choice(side, Side.Left, Side.Right) : Side.Right,
    };

    private static PaddingOptions ReadPadding(JsonSection padding)
    {
        JsonSection strategy = padding.Required("strategy");
        if (strategy.IsText && strategy.Text() != "BatchLongest")
            throw strategy.Error("must be \"BatchLongest\" or {\"Fixed\": length}");
        JsonSection multiple = padding["pad_to_multiple_of"];
        return new PaddingOptions
        {
            Length = strategy.IsText ? null : strategy.Required("Fixed").Number(PaddingOptions.MaxLength),
            Side = Choice(padding.Required("direction"), Side.Left, Side.Right),
            MultipleOf = multiple.IsNull ? 0 : multiple.Number(PaddingOptions.MaxLength),
            Id = padding.Required("pad_id").Number(),
            TypeId = padding.Required("pad_type_id").Number(),
            Token = padding.Required("pad_token").Text(),
        };
    }

    /// <summary>One of some names, spelled as here.</summary>
    public static T Choice<T>(JsonSection node, params ReadOnlySpan<T> values)
        where T : struct, Enum
    {
        string text = node.Text();
        foreach (T value in values)
        {
            if (value.ToString() == text)
                return value;
        }

        throw node.Error($"must be one of {string.Join(", ", values.ToArray())}");
    }
}
