using LlmCourse.Data;
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
        Tensor labels = batch.Labels ?? throw new ArgumentException("The batch has no labels.", nameof(batch));
        using var scope = NewDisposeScope();
        Sequences labelled = batch.Decoder ?? batch.Input;
        if (model.Config.Head.Kind != HeadKind.SequenceClassification && !labels.shape.AsSpan().SequenceEqual([labelled.Count, labelled.Width]))
            throw new ArgumentException($"Labels must be [{labelled.Count}, {labelled.Width}], one for each position, found [{string.Join(", ", labels.shape)}].", nameof(batch));
        using Hidden hidden = model.Trunk.Run(batch, context);
        HeadConfig head = model.Config.Head;
        Tensor loss = head.Kind switch
        {
            HeadKind.LanguageModel when model.Config.Encoder is null => OfNextTokens(model, hidden, batch.Input, labels, context),
            HeadKind.LanguageModel or HeadKind.MaskedLanguageModel => OfTokens(model, hidden.States.reshape(-1, hidden.States.size(2)), labels.reshape(-1), context),
            HeadKind.TokenClassification => Losses.CrossEntropy(model.Logits(hidden, batch.Input, context), labels),
            HeadKind.SequenceClassification => OfClasses(model.Logits(hidden, batch.Input, context), labels, head),
            _ => throw new InvalidOperationException($"A model with head {head.Kind} has no loss of its own."),
        };
        return loss.MoveToOuterDisposeScope();
    }

    /// <summary>
    /// Each token against the prediction at the token before it in its own sequence; a first token has one only where virtual
    /// tokens stand in front. So neither padding on the left nor packing adds a term.
    /// </summary>
    private static Tensor OfNextTokens(TransformerModel model, Hidden hidden, Sequences sequences, Tensor labels, ForwardContext context)
    {
        bool prefixed = hidden.Prefix is not null;
        int width = sequences.Width;
        List<long> from = [], to = [];
        for (int r = 0; r < sequences.Count; r++)
        {
            int start = sequences.Starts[r];
            for (int t = start; t < start + sequences.Lengths[r]; t++)
            {
                bool first = t == start || (sequences.Segments is { } segments && segments[r, t] != segments[r, t - 1]);
                if (first && !prefixed)
                    continue;
                // With virtual tokens the last of them stands in column 0, and column t of the batch in t + 1.
                from.Add((r * (width + (prefixed ? 1L : 0))) + (first ? 0 : prefixed ? t : t - 1));
                to.Add(((long)r * width) + t);
            }
        }

        if (from.Count == 0)
            throw new ArgumentException("No token of the batch has a token before it to be predicted from.", nameof(sequences));
        Tensor states = hidden.States;
        if (prefixed)
            states = cat([hidden.Prefix!.narrow(1, hidden.Prefix.size(1) - 1, 1), states], 1); // [B, 1 + T, D]
        Tensor chosen = states.reshape(-1, states.size(2)).index_select(0, tensor(from.ToArray(), device: states.device));
        return OfTokens(model, chosen, labels.reshape(-1).index_select(0, tensor(to.ToArray(), device: labels.device)), context);
    }

    // states [N, D], labels [N]: only rows with a label are projected onto the vocabulary.
    private static Tensor OfTokens(TransformerModel model, Tensor states, Tensor labels, ForwardContext context)
    {
        Tensor rows = labels.ne(Batch.Ignore).nonzero().squeeze(1);
        if (rows.numel() == 0)
            throw new ArgumentException("No position of the batch has a label.", nameof(labels));
        Tensor chosen = labels.index_select(0, rows);
        if (chosen.min().ToInt64() is var least && chosen.max().ToInt64() is var largest && (least < 0 || largest >= model.Config.VocabularySize))
            throw new ArgumentException($"Label {(least < 0 ? least : largest)} is outside the vocabulary of {model.Config.VocabularySize}.", nameof(labels));
        return Losses.CrossEntropy(model.TokenLogits(states.index_select(0, rows), context), chosen);
    }

    private static Tensor OfClasses(Tensor logits, Tensor labels, HeadConfig head)
    {
        ProblemType problem = head.Problem ?? (head.Labels == 1 ? ProblemType.Regression
            : labels.is_floating_point() ? ProblemType.MultiLabel : ProblemType.SingleLabel);
        return problem switch
        {
            ProblemType.Regression => Losses.MeanSquaredError(logits, labels),
            ProblemType.MultiLabel => Losses.BinaryCrossEntropy(logits, labels),
            _ => Losses.CrossEntropy(logits, labels),
        };
    }
}
