using TorchSharp;
using static TorchSharp.torch;

namespace Lab2.FineTuning;

/// <summary>The loss on examples that are not trained on, in nats a label.</summary>
internal static class HeldOutLoss
{
    /// <summary>Every label counts the same, in whichever batch it is. There is no dropout: only a training run has it.</summary>
    public static double Of(Llm llm, IReadOnlyList<Example> examples, BatchOptions options, CancellationToken stop)
    {
        double sum = 0;
        long count = 0;
        using var noGrad = no_grad();
        foreach (Batch batch in llm.Batches(examples, options with { Shuffle = false }))
        {
            using (batch)
            using (NewDisposeScope())
            {
                stop.ThrowIfCancellationRequested();
                // A decoder by itself has nothing to predict its first token from.
                Tensor labels = batch.Decoder is null ? batch.Labels!.narrow(1, 1, batch.Labels.size(1) - 1) : batch.Labels!;
                long here = labels.ne(Batch.Ignore).sum().ToInt64();
                sum += llm.Loss(batch).ToDouble() * here;
                count += here;
            }
        }

        return sum / count;
    }

    /// <summary>
    /// What the lab took for the loss (49.25 at its only step): padding is a label like any other, and without a mask it is read
    /// like any other token.
    /// </summary>
    public static double AsInTheLab(Llm llm, IReadOnlyList<Example> examples, int paddedTo)
    {
        int pad = llm.Tokenizer.PadId ?? llm.Tokenizer.EosId ?? 0;
        using var noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        int[][] prompts = [.. examples.Select(example => Lab.PromptOf(llm, example))];
        int[][] answers = [.. examples.Select(example => llm.Tokenizer.EncodeIds(example.References[0]))];
        using Batch batch = llm.Model.Config.Encoder is null
            ? Batch.ForDecoder([.. prompts.Zip(answers, (prompt, answer) => Padded([.. prompt, .. answer]))])
            : Batch.ForEncoderDecoder([.. prompts.Select(Padded)], [.. answers.Select(Padded)], llm.Model.Config.DecoderStartTokenId ?? pad, pad);
        return llm.Loss(batch).ToDouble();

        int[] Padded(int[] ids) => [.. ids, .. Enumerable.Repeat(pad, Math.Max(paddedTo - ids.Length, 0))];
    }
}
