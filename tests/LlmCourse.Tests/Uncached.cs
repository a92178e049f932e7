using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests;

/// <summary>Decoding as it is defined: the whole sequence through the model at every step, one row, no cache.</summary>
internal static class Uncached
{
    /// <summary>Logits [T, V] behind each token of a decoder's sequence.</summary>
    public static Tensor Logits(TransformerModel model, ForwardContext view, int[] prompt, IReadOnlyList<int> decoder)
    {
        using var noGrad = no_grad();
        bool seq2Seq = model.Config.Encoder is not null;
        using Batch batch = seq2Seq
            ? new Batch(Sequences.FromRows([prompt], device: model.Device), Sequences.FromRows([decoder], device: model.Device))
            : new Batch(Sequences.FromRows([decoder], device: model.Device));
        using Tensor logits = model.Logits(batch, view);
        return logits[0];
    }

    public static int[] Greedy(TransformerModel model, ForwardContext view, int[] prompt, int count)
    {
        List<int> tokens = Start(model, prompt);
        int first = tokens.Count;
        for (int i = 0; i < count; i++)
        {
            using Tensor logits = Logits(model, view, prompt, tokens), last = logits[-1], best = last.argmax();
            tokens.Add((int)best.Whole());
        }

        return [.. tokens.Skip(first)];
    }

    /// <summary>What the decoder has read before it writes.</summary>
    public static List<int> Start(TransformerModel model, int[] prompt) =>
        model.Config.Encoder is null ? [.. prompt] : [model.Config.DecoderStartTokenId!.Value];
}
