using LlmCourse.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Training;

/// <summary>Losses as pure functions of predictions and labels, in single precision or better whatever the predictions have.</summary>
public static class Losses
{
    /// <summary>
    /// Mean cross-entropy −log softmax(logits)[label] over the positions that have a label.
    /// </summary>
    /// <param name="logits">[.., V].</param>
    /// <param name="labels">int64, the shape of the logits without V; <see cref="Batch.Ignore"/> where there is none.</param>
    /// <returns>A scalar in nats; NaN where no position has a label.</returns>
    public static Tensor CrossEntropy(Tensor logits, Tensor labels)
    {
        CheckTokens(logits, labels);
        using Tensor flat = logits.reshape(-1, logits.size(-1));
        using Tensor wide = Wide(flat);
        using Tensor targets = labels.reshape(-1);
        return nn.functional.cross_entropy(wide, targets, ignore_index: Batch.Ignore);
    }

    /// <summary>log softmax(logits)[label] at each position, 0 where there is no label. Shapes as in <see cref="CrossEntropy"/>.</summary>
    public static Tensor LogProbabilities(Tensor logits, Tensor labels)
    {
        CheckTokens(logits, labels);
        using var scope = NewDisposeScope();
        Tensor missing = labels.eq(Batch.Ignore);
        Tensor safe = labels.masked_fill(missing, 0).unsqueeze(-1);
        // the chosen logit minus logsumexp: no second [.., V] tensor but for half precision
        Tensor wide = Wide(logits);
        Tensor chosen = wide.gather(-1, safe).squeeze(-1).sub(wide.logsumexp(-1));
        return chosen.masked_fill(missing, 0).MoveToOuterDisposeScope();
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
