namespace LlmCourse.Transformers;

/// <summary>What an encoder made of a batch: computed once, read by every decoder pass over it. It owns its tensors.</summary>
public sealed class EncoderState : IDisposable
{
    internal EncoderState(Hidden hidden, EncoderMemory memory)
    {
        Hidden = hidden;
        Memory = memory;
    }

    /// <summary>The states on the batch's own positions, and those of virtual tokens beside them.</summary>
    public Hidden Hidden { get; }

    internal EncoderMemory Memory { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Memory.Dispose();
        Hidden.Dispose();
    }
}
