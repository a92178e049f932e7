namespace LlmCourse.Tokenization.Decoders;

/// <summary>Fuse: all tokens become one.</summary>
internal sealed class FuseDecoder : IDecoder
{
    public DecoderStream Open(DecoderStream next) => new Stage(next);

    private sealed class Stage(DecoderStream next) : DecoderStream
    {
        public override void Write(string text, bool endsToken) => next.Write(text, false);

        public override void Flush()
        {
            next.Write("", true);
            next.Flush();
        }
    }
}
