using LlmCourse.Data;
using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Training;

/// <summary>Losses as pure functions of predictions and labels, in single precision or better whatever the predictions have.</summary>
public static class Losses
{
    /// <summary>
    /// Mean cross-entropy −log softmax(logits)[label] over the positions that have a label. What stands at others, NaN
    /// included, changes neither the loss nor a gradient.
    /// </summary>
    /// <param name="logits">[.., V].</param>
    /// <param name="labels">int64, the shape of the logits without V; <see cref="Batch.Ignore"/> where there is none.</param>
    /// <returns>A scalar in nats; NaN where no position has a label.</returns>
    public static Tensor CrossEntropy(Tensor logits, Tensor labels)
    {
        CheckTokens(logits, labels);
        using var scope = NewDisposeScope();
        Tensor flat = labels.reshape(-1), rows = Labelled(flat);
        Tensor chosen = Wide(logits.reshape(-1, logits.size(-1)).index_select(0, rows));
        return nn.functional.cross_entropy(chosen, flat.index_select(0, rows)).MoveToOuterDisposeScope();
    }

    /// <summary>log softmax(logits)[label] at each position, 0 where there is no label. Shapes as in <see cref="CrossEntropy"/>.</summary>
    public static Tensor LogProbabilities(Tensor logits, Tensor labels)
    {
        CheckTokens(logits, labels);
        using var scope = NewDisposeScope();
        Tensor flat = labels.reshape(-1), rows = Labelled(flat);
        Tensor wide = Wide(logits.reshape(-1, logits.size(-1)).index_select(0, rows)); // [n, V]
        // the chosen logit minus logsumexp: no second [n, V] tensor but for half precision
        Tensor chosen = wide.gather(1, flat.index_select(0, rows).unsqueeze(1)).squeeze(1).Minus(wide.logsumexp(1));
        return zeros([flat.size(0)], wide.dtype, wide.device).index_copy(0, rows, chosen).reshape(labels.shape).MoveToOuterDisposeScope();
    }

    /// <summary>Mean squared error.</summary>
    /// <param name="predictions">[B] or [B, 1].</param>
    /// <param name="labels">The same number of values.</param>
    public static Tensor MeanSquaredError(Tensor predictions, Tensor labels)
    {
        ArgumentNullException.ThrowIfNull(predictions);
        ArgumentNullException.ThrowIfNull(labels);
        if (predictions.numel() != labels.numel())
            throw Misfit("Predictions", predictions, labels);
        using var scope = NewDisposeScope();
        Tensor wide = Wide(predictions.reshape(-1));
        return nn.functional.mse_loss(wide, labels.reshape(-1).to(wide.dtype)).MoveToOuterDisposeScope();
    }

    /// <summary>Mean binary cross-entropy of logits, each label by itself.</summary>
    /// <param name="logits">[B, L].</param>
    /// <param name="labels">[B, L] of 0 and 1.</param>
    public static Tensor BinaryCrossEntropy(Tensor logits, Tensor labels)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(labels);
        if (!logits.shape.AsSpan().SequenceEqual(labels.shape))
            throw Misfit("Logits", logits, labels);
        using var scope = NewDisposeScope();
        Tensor wide = Wide(logits);
        return nn.functional.binary_cross_entropy_with_logits(wide, labels.to(wide.dtype)).MoveToOuterDisposeScope();
    }

    // labels [N] → the indices of those that count, [n]
    private static Tensor Labelled(Tensor labels) => labels.IsNot(Batch.Ignore).nonzero().squeeze(1);

    private static Tensor Wide(Tensor x) => x.dtype is ScalarType.BFloat16 or ScalarType.Float16 ? x.to(ScalarType.Float32) : x.alias();

    // One label for each row of V logits.
    private static void CheckTokens(Tensor logits, Tensor labels)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(labels);
        if (logits.dim() == 0 || !logits.shape.AsSpan()[..^1].SequenceEqual(labels.shape))
            throw Misfit("Logits", logits, labels);
    }

    private static ArgumentException Misfit(string what, Tensor found, Tensor labels) =>
        new($"{what} [{string.Join(", ", found.shape)}] and labels [{string.Join(", ", labels.shape)}] do not fit.", nameof(labels));
}
