namespace LlmCourse.Tokenization.Decoders;

/// <summary>Takes out the blanks that tokenizing English left before punctuation and contractions.</summary>
internal static class CleanUp
{
    private static readonly (string Old, string New)[] Punctuation = [(" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m")];

    private static readonly (string Old, string New)[] Contractions = [(" 's", "'s"), (" 've", "'ve"), (" 're", "'re")];

    /// <summary>As the WordPiece decoder does it with each token.</summary>
    public static string OfToken(string token) =>
        Apply(Apply(token, Punctuation).Replace(" do not", " don't", StringComparison.Ordinal), Contractions);

    /// <summary>As transformers does it with a whole text.</summary>
    public static string OfText(string text) => Apply(Apply(text, Punctuation), Contractions);

    private static string Apply(string text, (string Old, string New)[] replacements)
    {
        foreach ((string old, string replacement) in replacements)
            text = text.Replace(old, replacement, StringComparison.Ordinal);
        return text;
    }
}
