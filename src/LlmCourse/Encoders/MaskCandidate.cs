namespace LlmCourse.Encoders;

/// <summary>A token that may stand in a mask.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Token">Its text.</param>
/// <param name="Probability">How likely it is among all tokens of the vocabulary.</param>
/// <param name="Text">The whole text with it, as the tokenizer decodes it; other masks stay masks.</param>
public sealed record MaskCandidate(int Id, string Token, double Probability, string Text);
