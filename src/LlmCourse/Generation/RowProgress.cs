namespace LlmCourse.Generation;

/// <summary>One row of a batch while it is decoded, as far as the rules about its next token need to know it.</summary>
/// <param name="Tokens">The row's tokens so far, without padding: prompt and answer of a decoder, or the decoder's side of an encoder–decoder. Not empty. Valid during the call only.</param>
/// <param name="PromptLength">How many of them stood there before the answer.</param>
/// <param name="VirtualTokens">How many virtual tokens stand in front, which take positions and are not counted otherwise.</param>
public readonly record struct RowProgress(IReadOnlyList<int> Tokens, int PromptLength, int VirtualTokens = 0)
{
    private readonly IReadOnlyList<int>? _prompt;

    /// <summary>The index of the prompt in the request.</summary>
    public int Index { get; init; }

    /// <summary>The prompt: the beginning of <see cref="Tokens"/>, or what an encoder has read.</summary>
    public IReadOnlyList<int> Prompt
    {
        get => _prompt ?? [.. Tokens.Take(PromptLength)];
        init => _prompt = value;
    }
}
