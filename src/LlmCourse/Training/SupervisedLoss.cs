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
        HeadConfig head = model.Config.Head;
        Tensor labels = RequireLabels(batch, head);
        using var scope = NewDisposeScope();
        using Hidden hidden = model.Trunk.Run(batch, context);
        (Tensor sum, double weight) = head.Kind switch
        {
            HeadKind.LanguageModel or HeadKind.MaskedLanguageModel => OfTokens(model, Labelled(model, batch, hidden), context),
            HeadKind.TokenClassification => Weighted(Losses.CrossEntropy(model.Logits(hidden, batch.Input, context), labels), TokenTerms(batch).Count),
            HeadKind.SequenceClassification => OfClasses(model.Logits(hidden, batch.Input, context), labels, head),
            _ => throw new InvalidOperationException($"A model with head {head.Kind} has no loss of its own."),
        };
        return (sum.MoveToOuterDisposeScope(), weight);
    }

    /// <summary>The states that a language model predicts each labelled token of a batch from, [n, D], and the n labels.</summary>
    public static (Tensor States, long[] Labels) Labelled(TransformerModel model, Batch batch, ForwardContext context)
    {
        if (model.Config.Head.Kind is not (HeadKind.LanguageModel or HeadKind.MaskedLanguageModel))
            throw new InvalidOperationException($"A model with head {model.Config.Head.Kind} predicts no tokens.");
        RequireLabels(batch, model.Config.Head);
        using var scope = NewDisposeScope();
        using Hidden hidden = model.Trunk.Run(batch, context);
        (Tensor states, long[] labels, _) = Labelled(model, batch, hidden);
        return (states.MoveToOuterDisposeScope(), labels);
    }

    private static Tensor RequireLabels(Batch batch, HeadConfig head)
    {
        Tensor labels = batch.Labels ?? throw new ArgumentException("The batch has no labels.", nameof(batch));
        Sequences labelled = batch.Decoder ?? batch.Input;
        return head.Kind == HeadKind.SequenceClassification || labels.shape.AsSpan().SequenceEqual([labelled.Count, labelled.Width]) ? labels
            : throw new ArgumentException($"Labels must be [{labelled.Count}, {labelled.Width}], one for each position, found [{string.Join(", ", labels.shape)}].", nameof(batch));
    }

    /// <summary>
    /// Each labelled token against the prediction at the token before it in its own sequence; a first token has one only
    /// where virtual tokens stand in front. So neither padding on the left nor packing adds a term.
    /// </summary>
    private static List<(long Row, long Label)> NextTokenTerms(Batch batch, Hidden hidden)
    {
        bool prefixed = hidden.Prefix is not null;
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
                if ((first && hidden.Virtual[r] == 0) || labels[(r * width) + t] == Batch.Ignore)
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

    // Only positions with a label will be projected onto the vocabulary. Rows has the row of the batch of each.
    private static (Tensor States, long[] Labels, int[] Rows) Labelled(TransformerModel model, Batch batch, Hidden hidden)
    {
        bool next = model.Config is { Head.Kind: HeadKind.LanguageModel, Encoder: null };
        List<(long Row, long Label)> terms = next ? NextTokenTerms(batch, hidden) : TokenTerms(batch);
        foreach ((_, long label) in terms)
        {
            if (label < 0 || label >= model.Config.VocabularySize)
                throw new ArgumentException($"Label {label} is outside the vocabulary of {model.Config.VocabularySize}.", nameof(batch));
        }

        Tensor states = next ? WithPrefix(hidden) : hidden.States;
        Tensor rows = tensor(terms.ConvertAll(term => term.Row).ToArray(), device: states.device);
        return (states.reshape(-1, states.size(2)).index_select(0, rows), [.. terms.Select(term => term.Label)], [.. terms.Select(term => (int)(term.Row / states.size(1)))]);
    }

    // An adapter of the output sees positions as rows: each has the adapter of its own.
    private static (Tensor Sum, double Weight) OfTokens(TransformerModel model, (Tensor States, long[] Labels, int[] Rows) labelled, ForwardContext context) =>
        (model.TokenLossSum(labelled.States, tensor(labelled.Labels, device: labelled.States.device), context with { Adapter = context.Adapter?.Select(labelled.Rows) }), labelled.Labels.Length);

    private static (Tensor Sum, double Weight) OfClasses(Tensor logits, Tensor labels, HeadConfig head)
    {
        ProblemType problem = head.Problem ?? (head.Labels == 1 ? ProblemType.Regression
            : labels.is_floating_point() ? ProblemType.MultiLabel : ProblemType.SingleLabel);
        return problem switch
        {
            ProblemType.Regression => Weighted(Losses.MeanSquaredError(logits, labels), labels.size(0)),
            ProblemType.MultiLabel => Weighted(Losses.BinaryCrossEntropy(logits, labels), labels.size(0)),
            _ => Weighted(Losses.CrossEntropy(logits, labels), labels.IsNot(Batch.Ignore).sum().Whole()),
        };
    }

    private static (Tensor Sum, double Weight) Weighted(Tensor mean, double count) => (mean.Times(count), count);
}
