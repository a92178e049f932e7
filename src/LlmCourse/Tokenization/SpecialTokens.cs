namespace LlmCourse.Tokenization;

/// <summary>The tokens with a role, as the files beside tokenizer.json name them; null where they name none.</summary>
public sealed record SpecialTokens
{
    /// <summary>The token that begins a text.</summary>
    public string? Bos { get; init; }

    /// <summary>The token that ends a text.</summary>
    public string? Eos { get; init; }

    /// <summary>The token that stands for padding.</summary>
    public string? Pad { get; init; }

    /// <summary>The token that stands for what the vocabulary cannot express.</summary>
    public string? Unk { get; init; }

    /// <summary>BERT's token before the first text.</summary>
    public string? Cls { get; init; }

    /// <summary>BERT's token after a text.</summary>
    public string? Sep { get; init; }

    /// <summary>The token that hides a word.</summary>
    public string? Mask { get; init; }
}
