using LlmCourse.Runtime;
using LlmCourse.Transformers;

namespace LlmCourse.Lifecycle;

/// <summary>What a loss holds: states of the rows with a label, a few rows' logits at a time, and gradients that are made with the loss.</summary>
internal sealed class HeadMemory
{
    /// <param name="config">The model.</param>
    /// <param name="choices">What is trained, and in which numbers.</param>
    /// <param name="labelled">Rows with a label n.</param>
    /// <param name="stream">The bytes of the last states [N, D].</param>
    /// <param name="flows">Whether they have a gradient.</param>
    public HeadMemory(TransformerConfig config, MemoryChoices choices, long labelled, long stream, bool flows)
    {
        HeadConfig head = config.Head;
        bool tokens = head.Kind is HeadKind.LanguageModel or HeadKind.MaskedLanguageModel;
        long size = choices.Size, states = labelled * config.StateWidth * size, outputs = tokens ? config.VocabularySize : Math.Max(head.Labels, 1);
        TrainedModules trained = choices.Trained;
        string matrix = tokens && head.Tied ? "embeddings.tokens" : "head.output";
        bool adapted = trained["head.output"].Rank > 0 || (trained.FreezesBase && trained["head.output"].Whole);
        // The dense layer and norm in front of the output.
        Kept = (head.Transform is null ? 0 : 3 * states) + states;
        Flowing = stream + (2 * states);
        if (tokens && !adapted)
        {
            // x and ∂x [n, D] are kept. Of a few rows at a time: logits [c, V] and their exponentials, in fp32 whatever the weights are.
            long wide = Math.Max(4, size), chunk = Math.Min(labelled, LinearCrossEntropy.RowsAtOnce(outputs));
            long gradient = trained.FreezesBase ? 0 : trained[matrix].Bytes;
            Gradients = gradient;
            Kept += flows ? states : 0;
            Held = Kept;
            Made = stream + (head.Scale == 1 ? 0 : states) + (chunk * outputs * ((2 * wide) + (size < wide ? 2 * size : 0))) + (size < wide ? gradient / size * wide : 0);
        }
        else
        {
            // All logits at once, and their logarithms of probabilities, which are kept.
            long logits = labelled * outputs * 4;
            Kept += logits;
            Made = stream + logits;
            Flowing += 2 * logits;
            Gradients = 0;
            LaterGradients = trained["head.output"].Bytes;
        }

        LaterGradients += trained["head.dense"].Bytes + trained["head.norm"].Bytes + trained["pooler"].Bytes;
    }

    /// <summary>What stays until the loss's backward pass.</summary>
    public long Kept { get; }

    /// <summary>How much of it stays until the graph goes.</summary>
    public long Held { get; }

    /// <summary>What the loss holds for a moment.</summary>
    public long Made { get; }

    /// <summary>Gradients of parameters that are made with the loss.</summary>
    public long Gradients { get; }

    /// <summary>Those that its backward pass makes.</summary>
    public long LaterGradients { get; }

    /// <summary>Gradients of activations during its backward pass.</summary>
    public long Flowing { get; }
}
