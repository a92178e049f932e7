namespace LlmCourse.Tokenization.Decoders;

/// <summary>WordPiece: a blank before every token that does not continue a word; the clean-up works token by token.</summary>
internal sealed class WordPieceDecoder(string prefix, bool cleansUp) : IDecoder
{
    private static readonly (string Old, string New)[] _cleanUps =
    [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"), (" do not", " don't"),
        (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ];

    public DecoderStream Open(DecoderStream next) => new Stage(next, prefix, cleansUp);

    /// <summary>Takes out the blanks that tokenizing English left before punctuation.</summary>
    public static string CleanUp(string token)
    {
        foreach ((string old, string replacement) in _cleanUps)
            token = token.Replace(old, replacement, StringComparison.Ordinal);
        return token;
    }

    private sealed class Stage(DecoderStream next, string prefix, bool cleansUp) : TokenStage(next)
    {
        private bool _isFirst = true;

        protected override void Token(string token)
        {
            if (!_isFirst)
                token = token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : " " + token;
            _isFirst = false;
            Next.Write(cleansUp ? CleanUp(token) : token, true);
        }
    }
}
