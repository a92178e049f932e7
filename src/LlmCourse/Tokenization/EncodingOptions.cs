namespace LlmCourse.Tokenization;

/// <summary>
/// How texts are encoded. The default neither truncates nor pads, whatever the file says: a file's settings are those of the last
/// run of somebody's program; <see cref="PretrainedTokenizer.FileOptions"/> has them.
/// </summary>
public sealed record EncodingOptions
{
    /// <summary>Whether the file's post-processor adds its special tokens.</summary>
    public bool AddSpecialTokens { get; init; } = true;

    /// <summary>How long encodings may be; null for no limit.</summary>
    public TruncationOptions? Truncation { get; init; }

    /// <summary>Whether what truncation cuts off is kept in <see cref="EncodedText.Overflowing"/>.</summary>
    public bool KeepOverflow { get; init; }

    /// <summary>How encodings are filled up; null for not at all.</summary>
    public PaddingOptions? Padding { get; init; }

    internal void Validate()
    {
        Truncation?.Validate();
        Padding?.Validate();
    }
}
