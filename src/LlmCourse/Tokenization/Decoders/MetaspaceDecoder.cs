using LlmCourse.Tokenization.Unicode;

namespace LlmCourse.Tokenization.Decoders;

/// <summary>Metaspace: the sign is a blank, but in the first token, where one was put in front, it is nothing at all.</summary>
internal sealed class MetaspaceDecoder(int sign, bool dropsFirst) : IDecoder
{
    public DecoderStream Open(DecoderStream next) => new Stage(next, CodePoints.ToText(sign), dropsFirst);

    private sealed class Stage(DecoderStream next, string sign, bool dropsFirst) : DecoderStream
    {
        private bool _isFirst = true;

        public override void Write(string text, bool endsToken)
        {
            next.Write(text.Replace(sign, _isFirst && dropsFirst ? "" : " ", StringComparison.Ordinal), endsToken);
            _isFirst &= !endsToken;
        }

        public override void Flush() => next.Flush();
    }
}
