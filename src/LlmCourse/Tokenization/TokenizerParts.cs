using LlmCourse.Tokenization.Decoders;
using LlmCourse.Tokenization.Models;
using LlmCourse.Tokenization.Normalizers;
using LlmCourse.Tokenization.PostProcessors;
using LlmCourse.Tokenization.PreTokenizers;

namespace LlmCourse.Tokenization;

/// <summary>What a tokenizer is made of, whichever file it came from.</summary>
internal sealed record TokenizerParts
{
    public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];

    public INormalizer? Normalizer { get; init; }

    public IPreTokenizer? PreTokenizer { get; init; }

    public required IModel Model { get; init; }

    public IPostProcessor PostProcessor { get; init; } = new PlainProcessor();

    public IDecoder Decoder { get; init; } = new JoinDecoder();

    public TruncationOptions? Truncation { get; init; }

    public PaddingOptions? Padding { get; init; }

    public SpecialTokens SpecialTokens { get; init; } = new();

    public string? ChatTemplate { get; init; }

    public bool CleansUpSpaces { get; init; }
}
