using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Generation;

/// <summary>The rules of one request that come before the choice of a token, in the order of transformers.</summary>
internal sealed class LogitsPipeline(ResolvedGeneration settings)
{
    /// <summary>Applies every rule that has something to say at this step.</summary>
    /// <param name="logits">[B, V], the model's scores of the next token. Not changed, not disposed.</param>
    /// <param name="rows">What is known of each row.</param>
    /// <param name="unconditional">[B, V], what guidance keeps away from; null without guidance.</param>
    /// <returns>A fresh [B, V] tensor in single precision or better, which shares the storage of <paramref name="logits"/> where no rule applies.</returns>
    public Tensor Apply(Tensor logits, IReadOnlyList<RowProgress> rows, Tensor? unconditional = null)
    {
        using DisposeScope scope = NewDisposeScope();
        ScalarType type = logits.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        Device device = logits.device;
        long size = logits.size(1);
        Tensor scores = logits.dtype == type ? logits.alias() : logits.to(type);
        bool isOwn = false;
        if (unconditional is not null)
            Change(() => scores = LogitsProcessors.Guide(scores, unconditional, settings.GuidanceScale), copy: false);
        (long[] biased, double[] biases) = Biases(rows, size);
        if (biased.Length > 0)
            Change(() => LogitsProcessors.Bias(scores, Ids(biased, device), tensor(biases, ScalarType.Float64, device: device)));
        if (settings.EncoderRepetitionPenalty != 1)
            Change(() => LogitsProcessors.RepetitionPenalty(scores, Seen(rows, row => row.Prompt, device), 1 / settings.EncoderRepetitionPenalty));
        if (settings.RepetitionPenalty != 1)
            Change(() => LogitsProcessors.RepetitionPenalty(scores, Seen(rows, row => row.Tokens, device), settings.RepetitionPenalty));
        long[] forbidden = Places(rows, size, Forbidden);
        if (forbidden.Length > 0)
            Change(() => LogitsProcessors.Forbid(scores, Ids(forbidden, device)));
        if (settings.ForcedBosTokenId is { } bos && Rows(rows, row => row.Tokens.Count == 1) is { Length: > 0 } first)
            Change(() => LogitsProcessors.Force(scores, Ids(first, device), Ids([bos], device)));
        if (settings.ForcedEosTokenIds is { Count: > 0 } eos && Rows(rows, row => row.Tokens.Count == settings.MaxLengthFor(row.PromptLength, row.VirtualTokens) - 1) is { Length: > 0 } last)
            Change(() => LogitsProcessors.Force(scores, Ids(last, device), Ids([.. eos.Select(id => (long)id)], device)));
        if (settings.RemoveInvalidValues)
            Change(() => LogitsProcessors.RemoveInvalid(scores));
        (long[] raised, double[] factors) = Raised(rows, size);
        if (raised.Length > 0)
            Change(() => LogitsProcessors.Raise(scores, Ids(raised, device), tensor(factors, ScalarType.Float64, device: device)));
        long[] suppressed = Places(rows, size, Suppressed);
        if (suppressed.Length > 0)
            Change(() => LogitsProcessors.Forbid(scores, Ids(suppressed, device)));
        foreach (LogitsProcessor processor in settings.Processors)
            Change(() => scores = Checked(processor(scores, rows), scores));
        return scores.MoveToOuterDisposeScope();

        // The model's own scores are not to be changed: the first rule copies them.
        void Change(Action rule, bool copy = true)
        {
            if (!isOwn && copy)
                scores = logits.to(type, copy: true).contiguous();
            isOwn = true;
            rule();
        }
    }

    private IEnumerable<int> Forbidden(RowProgress row)
    {
        IEnumerable<int> tokens = settings.BadWordsIds.Where(word => TokenPatterns.Completes(row.Tokens, word)).Select(word => word[^1]);
        if (settings.NoRepeatNGramSize > 0)
            tokens = tokens.Concat(TokenPatterns.Repeating(row.Tokens, row.Tokens, settings.NoRepeatNGramSize));
        if (settings.EncoderNoRepeatNGramSize > 0)
            tokens = tokens.Concat(TokenPatterns.Repeating(row.Tokens, row.Prompt, settings.EncoderNoRepeatNGramSize));
        return row.Tokens.Count < settings.MinLengthFor(row.PromptLength) ? tokens.Concat(settings.EosTokenIds) : tokens;
    }

    private IEnumerable<int> Suppressed(RowProgress row)
    {
        int begin = row.PromptLength == 1 && settings.ForcedBosTokenId is not null ? 2 : row.PromptLength;
        return row.Tokens.Count == begin ? settings.SuppressTokens.Concat(settings.BeginSuppressTokens) : settings.SuppressTokens;
    }

    private (long[] Places, double[] Biases) Biases(IReadOnlyList<RowProgress> rows, long size)
    {
        Dictionary<long, double> biases = [];
        for (int b = 0; b < rows.Count; b++)
        {
            foreach (SequenceBias entry in settings.SequenceBias.Where(entry => TokenPatterns.Completes(rows[b].Tokens, entry.Tokens)))
            {
                long place = (b * size) + entry.Tokens[^1];
                biases[place] = biases.GetValueOrDefault(place) + entry.Bias;
            }
        }

        return ([.. biases.Keys], [.. biases.Values]);
    }

    private (long[] Places, double[] Factors) Raised(IReadOnlyList<RowProgress> rows, long size)
    {
        if (settings.ExponentialDecay is not { } decay)
            return ([], []);
        List<long> places = [];
        List<double> factors = [];
        for (int b = 0; b < rows.Count; b++)
        {
            int beyond = rows[b].Tokens.Count - rows[b].PromptLength - decay.Start;
            foreach (int eos in beyond > 0 ? settings.EosTokenIds : [])
            {
                places.Add((b * size) + eos);
                factors.Add(Math.Pow(decay.Factor, beyond));
            }
        }

        return ([.. places], [.. factors]);
    }

    /// <summary>The ids of every row, a shorter one filled up with its last token: for a penalty, seeing it again changes nothing.</summary>
    private static Tensor Seen(IReadOnlyList<RowProgress> rows, Func<RowProgress, IReadOnlyList<int>> seen, Device device)
    {
        IReadOnlyList<int>[] all = [.. rows.Select(seen)];
        int width = all.Max(tokens => tokens.Count);
        long[] ids = new long[all.Length * width];
        for (int b = 0; b < all.Length; b++)
        {
            for (int t = 0; t < width; t++)
                ids[(b * width) + t] = all[b][Math.Min(t, all[b].Count - 1)];
        }

        return tensor(ids, [all.Length, width], device: device);
    }

    private static Tensor Checked(Tensor found, Tensor scores) =>
        found is not null && found.shape.SequenceEqual(scores.shape) && found.is_floating_point() ? found.to(scores.dtype)
            : throw new GenerationException(
                $"A rule of {nameof(GenerationOptions.Processors)} gave {(found is null ? "nothing" : $"{found.dtype} [{string.Join(", ", found.shape)}]")} for scores [{string.Join(", ", scores.shape)}]: it must give scores of the same shape.");

    private static long[] Places(IReadOnlyList<RowProgress> rows, long size, Func<RowProgress, IEnumerable<int>> tokens) =>
        [.. Enumerable.Range(0, rows.Count).SelectMany(b => tokens(rows[b]).Distinct().Select(token => (b * size) + token))];

    private static long[] Rows(IReadOnlyList<RowProgress> rows, Func<RowProgress, bool> concerned) =>
        [.. Enumerable.Range(0, rows.Count).Where(b => concerned(rows[b])).Select(b => (long)b)];

    private static Tensor Ids(long[] ids, Device device) => tensor(ids, ScalarType.Int64, device);
}
