namespace LlmCourse.Tokenization.Decoders;

/// <summary>Sequence: one after the other.</summary>
internal sealed class SequenceDecoder(IReadOnlyList<IDecoder> steps) : IDecoder
{
    public DecoderStream Open(DecoderStream next)
    {
        for (int i = steps.Count - 1; i >= 0; i--)
            next = steps[i].Open(next);
        return next;
    }
}
