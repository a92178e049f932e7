using LlmCourse.Data;
using LlmCourse.Generation;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Evaluation;

/// <summary>
/// How likely tokens are to a model, many rows at once. What rows have in common (an encoder's input, the question before several
/// answers) is read once. Only the states that a scored token is predicted from are projected onto the vocabulary.
/// </summary>
internal static class TokenScorer
{
    /// <summary>Logits of at most this many floats exist at a time.</summary>
    private const long LogitFloats = 1 << 24;

    /// <summary>Scores every row of every group, in order.</summary>
    /// <param name="model">A language model with a decoder.</param>
    /// <param name="view">Adapters and virtual tokens, the same for all rows.</param>
    /// <param name="groups">Rows that probably begin alike, such as the answers to one question; none empty.</param>
    /// <param name="batchSize">How many rows are run at once, about: a group is not torn apart.</param>
    /// <param name="finished">Hears how many groups are finished.</param>
    /// <param name="cancellationToken">Checked between batches.</param>
    public static ContinuationScore[][] Score(
        TransformerModel model, ForwardContext view, IReadOnlyList<ContinuationRow[]> groups, int batchSize, Action<int>? finished = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        using var noGrad = no_grad();
        var scores = new ContinuationScore[groups.Count][];
        int done = 0;
        // Rows of like lengths stand together, so that little is computed for padding.
        foreach (int[] batch in Batches(groups, batchSize))
        {
            cancellationToken.ThrowIfCancellationRequested();
            Queue<ContinuationScore> results = new(ScoreBatch(model, view, [.. batch.Select(index => groups[index])]));
            foreach (int index in batch)
                scores[index] = [.. groups[index].Select(_ => results.Dequeue())];
            finished?.Invoke(done += batch.Length);
        }

        return scores;
    }

    /// <summary>The log-probability of a label at each of some states, and whether it is the likeliest one.</summary>
    /// <param name="model">The model whose head reads the states.</param>
    /// <param name="view">Adapters, the same for all rows.</param>
    /// <param name="states">[n, D].</param>
    /// <param name="labels">n ids.</param>
    /// <exception cref="GenerationException">The model's scores are not numbers.</exception>
    public static (float[] LogProbabilities, bool[] Greedy) Predict(TransformerModel model, ForwardContext view, Tensor states, long[] labels)
    {
        var (probabilities, greedy) = (new float[labels.Length], new bool[labels.Length]);
        int rows = (int)Math.Clamp(LogitFloats / model.Config.VocabularySize, 1, labels.Length);
        for (int at = 0; at < labels.Length; at += rows)
        {
            using DisposeScope scope = NewDisposeScope();
            int count = Math.Min(rows, labels.Length - at);
            Tensor logits = model.TokenLogits(states.narrow(0, at, count), view); // [rows, V]
            Tensor ids = tensor(labels[at..(at + count)], device: states.device);
            Likelihood.Of(logits, ids).cpu().data<float>().CopyTo(probabilities, at);
            logits.argmax(1).eq(ids).cpu().data<bool>().CopyTo(greedy, at);
        }

        if (Array.Exists(probabilities, float.IsNaN))
            throw new GenerationException("The model's scores are not numbers (NaN): its weights are damaged, or training has diverged.");
        return (probabilities, greedy);
    }

    private static IEnumerable<int[]> Batches(IReadOnlyList<ContinuationRow[]> groups, int batchSize)
    {
        List<int> batch = [];
        int rows = 0;
        foreach (int index in Enumerable.Range(0, groups.Count).OrderBy(index => groups[index].Max(row => row.Tokens.Length + (row.Input?.Length ?? 0))))
        {
            if (rows > 0 && rows + groups[index].Length > batchSize)
            {
                yield return [.. batch];
                batch.Clear();
                rows = 0;
            }

            batch.Add(index);
            rows += groups[index].Length;
        }

        if (batch.Count > 0)
            yield return [.. batch];
    }

    private static List<ContinuationScore> ScoreBatch(TransformerModel model, ForwardContext view, ContinuationRow[][] groups)
    {
        using DisposeScope scope = NewDisposeScope();
        ContinuationRow[] rows = [.. groups.SelectMany(group => group)];
        // The column of a row's first token in the states: what was read before it is not in them.
        (Tensor states, int[] firsts) = rows[0].Input is not null ? OfEncoderDecoder(model, view, rows)
            : groups.All(group => Common(group) > 0) && groups.Length < rows.Length ? Shared(model, view, groups)
            : Apart(model, view, rows);
        long width = states.size(1);
        long[] places = [.. rows.SelectMany((row, r) => Enumerable.Range(row.From, row.Scored).Select(t => (r * width) + t - 1 - firsts[r]))];
        long[] labels = [.. rows.SelectMany(row => row.Tokens.Skip(row.From).Select(id => (long)id))];
        RequireIds(model, labels);
        Tensor chosen = states.reshape(-1, states.size(2)).index_select(0, tensor(places, device: states.device)); // [n, D]
        (float[] probabilities, bool[] greedy) = Predict(model, view, chosen, labels);
        return Sums(rows, probabilities, greedy);
    }

    private static List<ContinuationScore> Sums(ContinuationRow[] rows, float[] probabilities, bool[] greedy)
    {
        List<ContinuationScore> scores = [];
        int at = 0;
        foreach (ContinuationRow row in rows)
        {
            double sum = 0;
            for (int i = at; i < at + row.Scored; i++)
                sum += Math.Min(0, probabilities[i]); // a certain token may be rounded to above 0
            scores.Add(new ContinuationScore(sum, row.Scored, greedy.AsSpan(at, row.Scored).IndexOf(false) < 0, row.CutTokens));
            at += row.Scored;
        }

        return scores;
    }

    // Nothing in common: one plain pass. The last token is not read: nothing behind it is asked for.
    private static (Tensor States, int[] Firsts) Apart(TransformerModel model, ForwardContext view, ContinuationRow[] rows)
    {
        using Sequences input = Read(model, rows.Select(row => row.Tokens[..^1]));
        using Hidden hidden = model.Trunk.Run(input, view);
        return (hidden.States.alias(), new int[rows.Length]);
    }

    // What the rows of each group have in common is read first, once, then the row is multiplied.
    private static (Tensor States, int[] Firsts) Shared(TransformerModel model, ForwardContext view, ContinuationRow[][] groups)
    {
        int[] owners = [.. groups.SelectMany((group, index) => group.Select(_ => index))];
        int[] common = [.. groups.Select(Common)], firsts = [.. owners.Select(owner => common[owner])];
        ContinuationRow[] rows = [.. groups.SelectMany(group => group)];
        using DecodingSession session = DecodingSession.Open(model, view, groups.Length, rows.Max(row => row.Tokens.Length));
        using Sequences contexts = Read(model, groups.Select((group, index) => group[0].Tokens[..common[index]]));
        session.Append(contexts).Dispose();
        session.Select(owners);
        using Sequences rests = Read(model, rows.Select((row, r) => row.Tokens[firsts[r]..^1]));
        using Hidden hidden = session.Append(rests);
        return (hidden.States.alias(), firsts);
    }

    // The encoder reads each input once; the decoder's rows each look at theirs.
    private static (Tensor States, int[] Firsts) OfEncoderDecoder(TransformerModel model, ForwardContext view, ContinuationRow[] rows)
    {
        List<int[]> inputs = [];
        int[] owners = new int[rows.Length];
        for (int r = 0; r < rows.Length; r++)
        {
            owners[r] = inputs.FindIndex(input => input.AsSpan().SequenceEqual(rows[r].Input));
            if (owners[r] >= 0)
                continue;
            owners[r] = inputs.Count;
            inputs.Add(rows[r].Input!);
        }

        using Sequences read = Read(model, inputs);
        using DecodingSession session = DecodingSession.Open(model, view, read, rows.Max(row => row.Tokens.Length));
        session.Select(owners);
        using Sequences answers = Read(model, rows.Select(row => row.Tokens[..^1]));
        using Hidden hidden = session.Append(answers);
        return (hidden.States.alias(), new int[rows.Length]);
    }

    /// <summary>How many first tokens all rows share, of those before the token that the first scored one is predicted from.</summary>
    private static int Common(ContinuationRow[] group)
    {
        int common = group.Min(row => row.From) - 1;
        foreach (ContinuationRow row in group)
            common = Math.Min(common, group[0].Tokens.AsSpan().CommonPrefixLength(row.Tokens));
        return common;
    }

    private static Sequences Read(TransformerModel model, IEnumerable<int[]> rows) => Sequences.FromRows([.. rows], device: model.Device);

    // A label that is only looked up among logits would abort the process where it is none of them.
    private static void RequireIds(TransformerModel model, long[] labels)
    {
        foreach (long label in labels)
        {
            if (label < 0 || label >= model.Config.VocabularySize)
                throw new ArgumentException($"Token id {label} is outside the vocabulary of {model.Config.VocabularySize}.", nameof(labels));
        }
    }
}
