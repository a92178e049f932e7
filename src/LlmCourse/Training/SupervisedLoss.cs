using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Training;

/// <summary>The loss that a batch's labels mean for a model, by its head.</summary>
internal static class SupervisedLoss
{
    /// <summary>
    /// A scalar: mean cross-entropy over the positions with a label (decoder-only models compare a label with the prediction
    /// one position before), or what the problem type of a sequence classifier says.
    /// </summary>
    public static Tensor Of(TransformerModel model, Batch batch, ForwardContext context)
    {
        (Tensor sum, double weight) = Sum(model, batch, context);
        using (sum)
            return sum.Over(weight);
    }

    /// <summary>
    /// The same as a sum and the number of terms in it, so that the losses of several batches can be joined without giving
    /// a token of a small batch more weight than one of a large batch. Language models never hold logits of all positions.
    /// </summary>
    public static (Tensor Sum, double Weight) Sum(TransformerModel model, Batch batch, ForwardContext context)
    {
        Tensor labels = batch.Labels ?? throw new ArgumentException("The batch has no labels.", nameof(batch));
        HeadConfig head = model.Config.Head;
        Sequences labelled = batch.Decoder ?? batch.Input;
        if (head.Kind != HeadKind.SequenceClassification && !labels.shape.AsSpan().SequenceEqual([labelled.Count, labelled.Width]))
            throw new ArgumentException($"Labels must be [{labelled.Count}, {labelled.Width}], one for each position, found [{string.Join(", ", labels.shape)}].", nameof(batch));
        using var scope = NewDisposeScope();
        using Hidden hidden = model.Trunk.Run(batch, context);
        (Tensor sum, double weight) = head.Kind switch
        {
            HeadKind.LanguageModel when model.Config.Encoder is null => OfTokens(model, NextTokenTerms(batch, hidden.Prefix is not null), WithPrefix(hidden), context),
            HeadKind.LanguageModel or HeadKind.MaskedLanguageModel => OfTokens(model, TokenTerms(batch), hidden.States, context),
            HeadKind.TokenClassification => Weighted(Losses.CrossEntropy(model.Logits(hidden, batch.Input, context), labels), TokenTerms(batch).Count),
            HeadKind.SequenceClassification => OfClasses(model.Logits(hidden, batch.Input, context), labels, head),
            _ => throw new InvalidOperationException($"A model with head {head.Kind} has no loss of its own."),
        };
        return (sum.MoveToOuterDisposeScope(), weight);
    }

    /// <summary>
    /// Each labelled token against the prediction at the token before it in its own sequence; a first token has one only
    /// where virtual tokens stand in front. So neither padding on the left nor packing adds a term.
    /// </summary>
    private static List<(long Row, long Label)> NextTokenTerms(Batch batch, bool prefixed)
    {
        Sequences sequences = batch.Input;
        int width = sequences.Width;
        long[] labels = batch.HostLabels;
        List<(long Row, long Label)> terms = [];
        for (int r = 0; r < sequences.Count; r++)
        {
            int start = sequences.Starts[r];
            for (int t = start; t < start + sequences.Lengths[r]; t++)
            {
                bool first = t == start || (sequences.Segments is { } segments && segments[r, t] != segments[r, t - 1]);
                if ((first && !prefixed) || labels[(r * width) + t] == Batch.Ignore)
                    continue;
                // With virtual tokens the last of them stands in column 0, and column t of the batch in t + 1.
                terms.Add(((r * (width + (prefixed ? 1L : 0))) + (first ? 0 : prefixed ? t : t - 1), labels[(r * width) + t]));
            }
        }

        return terms.Count > 0 ? terms
            : throw new ArgumentException("No position of the batch has a label and a token before it to be predicted from.", nameof(batch));
    }

    private static List<(long Row, long Label)> TokenTerms(Batch batch)
    {
        List<(long Row, long Label)> terms = [.. batch.HostLabels.Select((label, row) => ((long)row, label)).Where(term => term.label != Batch.Ignore)];
        return terms.Count > 0 ? terms : throw new ArgumentException("No position of the batch has a label.", nameof(batch));
    }

    // The states with the last virtual one in front where there are any: [B, T, D] or [B, 1 + T, D].
    private static Tensor WithPrefix(Hidden hidden) => hidden.Prefix is { } prefix
        ? cat([prefix.narrow(1, prefix.size(1) - 1, 1), hidden.States], 1)
        : hidden.States;

    // Only rows with a label are projected onto the vocabulary.
    private static (Tensor Sum, double Weight) OfTokens(TransformerModel model, List<(long Row, long Label)> terms, Tensor states, ForwardContext context)
    {
        foreach ((_, long label) in terms)
        {
            if (label < 0 || label >= model.Config.VocabularySize)
                throw new ArgumentException($"Label {label} is outside the vocabulary of {model.Config.VocabularySize}.", nameof(terms));
        }

        Tensor rows = tensor(terms.ConvertAll(term => term.Row).ToArray(), device: states.device);
        Tensor labels = tensor(terms.ConvertAll(term => term.Label).ToArray(), device: states.device);
        Tensor chosen = states.reshape(-1, states.size(2)).index_select(0, rows); // [n, D]
        return (model.TokenLossSum(chosen, labels, context), terms.Count);
    }

    private static (Tensor Sum, double Weight) OfClasses(Tensor logits, Tensor labels, HeadConfig head)
    {
        ProblemType problem = head.Problem ?? (head.Labels == 1 ? ProblemType.Regression
            : labels.is_floating_point() ? ProblemType.MultiLabel : ProblemType.SingleLabel);
        return problem switch
        {
            ProblemType.Regression => Weighted(Losses.MeanSquaredError(logits, labels), labels.size(0)),
            ProblemType.MultiLabel => Weighted(Losses.BinaryCrossEntropy(logits, labels), labels.size(0)),
            _ => Weighted(Losses.CrossEntropy(logits, labels), labels.IsNot(Batch.Ignore).sum().ToInt64()),
        };
    }

    private static (Tensor Sum, double Weight) Weighted(Tensor mean, double count) => (mean.Times(count), count);
}
