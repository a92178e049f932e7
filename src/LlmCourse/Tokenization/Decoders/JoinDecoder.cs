namespace LlmCourse.Tokenization.Decoders;

/// <summary>What happens where a file has no decoder: tokens are joined with blanks.</summary>
internal sealed class JoinDecoder : IDecoder
{
    public DecoderStream Open(DecoderStream next) => new Stage(next);

    private sealed class Stage(DecoderStream next) : TokenStage(next)
    {
        private bool _isFirst = true;

        protected override void Token(string token)
        {
            Next.Write(_isFirst ? token : " " + token, true);
            _isFirst = false;
        }
    }
}
