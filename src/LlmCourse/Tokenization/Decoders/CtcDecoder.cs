namespace LlmCourse.Tokenization.Decoders;

/// <summary>CTC: repeated tokens count once, padding vanishes; with clean-up the word delimiter is a blank.</summary>
internal sealed class CtcDecoder(string padToken, string wordDelimiter, bool cleansUp) : IDecoder
{
    public DecoderStream Open(DecoderStream next) => new Stage(next, padToken, wordDelimiter, cleansUp);

    private sealed class Stage(DecoderStream next, string padToken, string wordDelimiter, bool cleansUp) : TokenStage(next)
    {
        private string? _last;

        protected override void Token(string token)
        {
            if (token == _last)
                return;
            _last = token;
            token = Replaced(token, padToken, "");
            if (cleansUp)
                token = Replaced(CleanUp.OfToken(token), wordDelimiter, " ");
            if (token.Length > 0)
                Next.Write(token, true);
        }
    }
}
