namespace LlmCourse.Tokenization.Decoders;

/// <summary>BPEDecoder: the suffix that ends a word is a blank, but in the last token it is nothing.</summary>
internal sealed class BpeDecoder(string suffix) : IDecoder
{
    public DecoderStream Open(DecoderStream next) => new Stage(next, suffix);

    private sealed class Stage(DecoderStream next, string suffix) : TokenStage(next)
    {
        private string? _held;

        protected override void Token(string token)
        {
            if (_held is not null)
                Next.Write(Replaced(_held, suffix, " "), true);
            int at = suffix.Length == 0 ? 0 : token.IndexOf(suffix, StringComparison.Ordinal);
            if (at < 0)
            {
                Next.Write(token, true);
                _held = null;
                return;
            }

            // What comes before the suffix does not depend on whether this is the last token.
            if (at > 0)
                Next.Write(token[..at], false);
            _held = token[at..];
        }

        protected override void End()
        {
            if (_held is not null)
                Next.Write(Replaced(_held, suffix, ""), true);
        }
    }
}
