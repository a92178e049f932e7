using LlmCourse.Transformers;

namespace LlmCourse.Lifecycle;

/// <summary>What generating holds: the keys and values of all tokens of a row, and what reading them all at once makes for a moment.</summary>
internal static class InferenceMemory
{
    /// <summary>The fullest point.</summary>
    /// <param name="config">The model.</param>
    /// <param name="options">The batch.</param>
    /// <param name="choices">The numbers.</param>
    /// <param name="always">The weights.</param>
    public static MemoryParts Of(TransformerConfig config, MemoryPlanOptions options, MemoryChoices choices, MemoryParts always)
    {
        bool both = config.Encoder is not null && config.Decoder is not null;
        long batch = options.BatchSize, length = options.Length, answer = both ? options.AnswerLength : length, cache = 0, memory = 0, made = 0;
        if (config.Encoder is { } encoder)
            made = Made(new StackMemory("encoder", encoder, choices, batch, length, prompt: false, default, 0, checkpointed: false));
        if (config.Decoder is { } decoder)
        {
            // Keys and values [B, T, Hkv, d] of every layer; of an encoder's states [B, S, Hkv, d] as well, beside the states.
            long perToken = 2L * decoder.KeyValueHeadCount * decoder.HeadSize * choices.Size * decoder.Layers * batch;
            cache = perToken * (answer + (both ? length : 0));
            memory = both ? batch * length * config.Width * choices.Size : 0;
            made = Math.Max(made, Made(new StackMemory("decoder", decoder, choices, batch, answer, prompt: false, (both ? length : 0, false), 0, checkpointed: false)));
        }

        // Logits of one token of each row, in the weights' type and as numbers to choose from.
        long logits = config.Head.Kind == HeadKind.LanguageModel ? batch * config.VocabularySize * (choices.Size + 4) : 0;
        return always with { Cache = cache + memory, Temporaries = Math.Max(made, logits) };
    }

    private static long Made(StackMemory stack) =>
        (2 * stack.Stream) + stack.Bias + stack.MaskedBias + stack.Blocks[0].Max(subLayer => subLayer.Sum(operation => operation.Made));
}
