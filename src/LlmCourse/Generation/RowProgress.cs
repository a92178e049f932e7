namespace LlmCourse.Generation;

/// <summary>One row of a batch while it is decoded, as far as the rules about its next token need to know it.</summary>
/// <param name="Tokens">The row's tokens so far, without padding: prompt and answer of a decoder, or the decoder's side of an encoder–decoder. Not empty.</param>
/// <param name="PromptLength">How many of them stood there before the answer.</param>
/// <param name="VirtualTokens">How many virtual tokens stand in front, which take positions and are not counted otherwise.</param>
internal readonly record struct RowProgress(IReadOnlyList<int> Tokens, int PromptLength, int VirtualTokens = 0);
