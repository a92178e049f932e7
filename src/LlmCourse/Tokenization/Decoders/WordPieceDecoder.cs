namespace LlmCourse.Tokenization.Decoders;

/// <summary>WordPiece: a blank before every token that does not continue a word; the clean-up works token by token.</summary>
internal sealed class WordPieceDecoder(string prefix, bool cleansUp) : IDecoder
{
    public DecoderStream Open(DecoderStream next) => new Stage(next, prefix, cleansUp);

    private sealed class Stage(DecoderStream next, string prefix, bool cleansUp) : TokenStage(next)
    {
        private bool _isFirst = true;

        protected override void Token(string token)
        {
            if (!_isFirst)
                token = token.StartsWith(prefix, StringComparison.Ordinal) ? token[prefix.Length..] : " " + token;
            _isFirst = false;
            Next.Write(cleansUp ? CleanUp.OfToken(token) : token, true);
        }
    }
}
