using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Generation;

/// <summary>The rules of one request that come before the choice of a token, in the order of transformers.</summary>
internal sealed class LogitsPipeline(ResolvedGeneration settings)
{
    /// <summary>Applies every rule that has something to say at this step.</summary>
    /// <param name="logits">[B, V], the model's scores of the next token. Not changed, not disposed.</param>
    /// <param name="rows">What is known of each row.</param>
    /// <returns>A fresh [B, V] tensor in single precision or better, which shares the storage of <paramref name="logits"/> where no rule applies.</returns>
    public Tensor Apply(Tensor logits, IReadOnlyList<RowProgress> rows)
    {
        bool penalises = settings.RepetitionPenalty != 1;
        long[] tooShort = settings.EosTokenIds.Count == 0 ? [] : Rows(rows, row => row.Tokens.Count < settings.MinLengthFor(row.PromptLength));
        long[] first = settings.ForcedBosTokenId is null ? [] : Rows(rows, row => row.Tokens.Count == 1);
        long[] last = settings.ForcedEosTokenIds.Count == 0 ? [] : Rows(rows, row => row.Tokens.Count == settings.MaxLengthFor(row.PromptLength, row.VirtualTokens) - 1);

        ScalarType type = logits.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        if (!penalises && tooShort.Length + first.Length + last.Length == 0)
            return logits.dtype == type ? logits.alias() : logits.to(type);

        using DisposeScope scope = NewDisposeScope();
        Tensor scores = logits.to(type, copy: true);
        if (penalises)
            LogitsProcessors.RepetitionPenalty(scores, Seen(rows, scores.device), settings.RepetitionPenalty);
        if (tooShort.Length > 0)
            LogitsProcessors.Suppress(scores, Ids(tooShort, scores.device), Ids(settings.EosTokenIds, scores.device));
        if (first.Length > 0)
            LogitsProcessors.Force(scores, Ids(first, scores.device), Ids([settings.ForcedBosTokenId!.Value], scores.device));
        if (last.Length > 0)
            LogitsProcessors.Force(scores, Ids(last, scores.device), Ids(settings.ForcedEosTokenIds, scores.device));
        return scores.MoveToOuterDisposeScope();
    }

    /// <summary>The ids of every row, a shorter one filled up with its last token: for a penalty, seeing it again changes nothing.</summary>
    private static Tensor Seen(IReadOnlyList<RowProgress> rows, Device device)
    {
        int width = rows.Max(row => row.Tokens.Count);
        long[] ids = new long[rows.Count * width];
        for (int b = 0; b < rows.Count; b++)
        {
            IReadOnlyList<int> tokens = rows[b].Tokens;
            for (int t = 0; t < width; t++)
                ids[(b * width) + t] = tokens[Math.Min(t, tokens.Count - 1)];
        }

        return tensor(ids, [rows.Count, width], device: device);
    }

    private static long[] Rows(IReadOnlyList<RowProgress> rows, Func<RowProgress, bool> concerned) =>
        [.. Enumerable.Range(0, rows.Count).Where(b => concerned(rows[b])).Select(b => (long)b)];

    private static Tensor Ids(long[] ids, Device device) => tensor(ids, device: device);

    private static Tensor Ids(IReadOnlyList<int> ids, Device device) => tensor([.. ids.Select(id => (long)id)], ScalarType.Int64, device: device);
}
