using LlmCourse.Data;
using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Encoders;

/// <summary>The states of tokens → one vector for each text; several modes stand one behind the other.</summary>
/// <param name="modes">The modes, in the order of their numbers.</param>
/// <param name="includePrompt">Whether the tokens of a prompt in front of the text count.</param>
internal sealed class Pooling(IReadOnlyList<PoolingMode> modes, bool includePrompt)
{
    /// <summary>What sentence-transformers takes for a folder that says nothing.</summary>
    public static Pooling Default { get; } = new([PoolingMode.Mean], includePrompt: true);

    public IReadOnlyList<PoolingMode> Modes => modes;

    public bool IncludesPrompt => includePrompt;

    /// <summary>
    /// How much each column counts in a row that has tokens in the first <paramref name="length"/> of them, of which
    /// <paramref name="skipped"/> are a prompt's that do not count. Every mode but the maximum is a weighted sum.
    /// </summary>
    public static float[] Weights(PoolingMode mode, int width, int length, int skipped)
    {
        float[] weights = new float[width];
        int count = Math.Max(length - skipped, 0);
        switch (mode)
        {
            case PoolingMode.Cls:
                weights[0] = 1; // a prompt's, too: the first token stands for the text wherever it is
                break;
            case PoolingMode.LastToken:
                weights[length - 1] = 1;
                break;
            case PoolingMode.Mean or PoolingMode.MeanSqrtLength when count > 0:
                weights.AsSpan(skipped, count).Fill((float)(1 / (mode == PoolingMode.Mean ? count : Math.Sqrt(count))));
                break;
            case PoolingMode.WeightedMean:
                double sum = Enumerable.Range(skipped + 1, count).Sum(number => (double)number);
                for (int t = skipped; t < length; t++)
                    weights[t] = (float)((t + 1) / sum);
                break;
        }

        return weights;
    }

    /// <summary>States [B, T, D] of rows padded on the right → [B, modes · D].</summary>
    /// <param name="states">The states.</param>
    /// <param name="sequences">Where the rows end.</param>
    /// <param name="promptLength">How many tokens of each row are a prompt's.</param>
    public Tensor Forward(Tensor states, Sequences sequences, int promptLength)
    {
        using var scope = NewDisposeScope();
        int width = sequences.Width, skipped = includePrompt ? 0 : promptLength;
        Tensor Weighted(PoolingMode mode)
        {
            float[] weights = [.. sequences.Lengths.SelectMany(length => Weights(mode, width, length, Math.Min(skipped, length)))];
            Tensor row = tensor(weights, [sequences.Count, 1, width], device: states.device).to(states.dtype);
            return row.bmm(states).squeeze(1); // [B, 1, T] · [B, T, D] → [B, D]
        }

        Tensor Largest()
        {
            bool[] hidden = new bool[sequences.Count * width];
            for (int i = 0; i < hidden.Length; i++)
                hidden[i] = i % width >= sequences.Lengths[i / width] || i % width < skipped;
            Tensor mask = tensor(hidden, [sequences.Count, width, 1], ScalarType.Bool, states.device);
            return states.With(mask, -1e9).amax([1]);
        }

        return cat([.. modes.Select(mode => mode == PoolingMode.Max ? Largest() : Weighted(mode))], 1).MoveToOuterDisposeScope();
    }
}
