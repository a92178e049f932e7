namespace LlmCourse.Tokenization.Decoders;

/// <summary>Turns tokens back into text. Each decoder works on a stream of tokens, so that streaming and decoding are the same.</summary>
internal interface IDecoder
{
    /// <summary>Opens a stream whose output goes on to the next.</summary>
    public DecoderStream Open(DecoderStream next);
}
