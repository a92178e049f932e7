using LlmCourse.Runtime;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Generation;

/// <summary>
/// Greedy search and sampling with proposals: the model reads several proposed tokens in one pass, and what agrees with its own law stays. Each round
/// gives every row at least one token.
/// </summary>
internal static class AssistedSearch
{
    /// <summary>Keeps what decides about a drafted token apart from the draws.</summary>
    private const int Lane = 1;

    public static IReadOnlyList<Completion> Run(GenerationRequest request, GeneratedRow[] rows)
    {
        ResolvedGeneration settings = request.Settings;
        LogitsPipeline pipeline = new(settings);
        using DisposeScope scope = NewDisposeScope();
        using TokenRecord record = new(settings.TopAlternatives);
        using RowReader reader = RowReader.Open(request);
        using DraftReader? drafter = settings.Assisted!.Draft is { } draft ? DraftReader.Open(request, pipeline, draft) : null;
        if (settings.Returned > 1)
            reader.Select([.. rows.Select(row => row.Prompt)]);

        GeneratedRow[] active = rows;
        while (active.Length > 0)
        {
            request.CancellationToken.ThrowIfCancellationRequested();
            using DisposeScope round = NewDisposeScope();
            Draft[] drafts = Drafts(request, active, drafter);
            IReadOnlyList<int> lengths = reader.Lengths;
            int[] counts = [.. drafts.Select(proposed => proposed.Tokens.Count + 1)];
            Tensor logits = reader.Read(
                [.. active.Select((row, r) => (IReadOnlyList<int>)[.. row.Tokens.Skip(lengths[r]), .. drafts[r].Tokens])], counts); // [Σ (k + 1), V]
            RowProgress[] progress = [.. active.SelectMany((row, r) => Enumerable.Range(0, counts[r]).Select(k => row.Progress([.. drafts[r].Tokens.Take(k)])))];
            Tensor scores = pipeline.Apply(logits, progress);
            Take(request, record, active, drafts, logits, scores);

            int[] left = [.. Enumerable.Range(0, active.Length).Where(i => active[i].Reason is null)];
            if (left.Length > 0 && left.Length < active.Length)
            {
                reader.Select(left);
                drafter?.Select(left);
            }

            active = [.. left.Select(i => active[i])];
            if (active.Length > 0)
            {
                reader.Truncate([.. active.Select(row => row.Tokens.Count - 1)]);
                drafter?.Truncate(active);
            }
        }

        return record.Complete(request, rows);
    }

    private static Draft[] Drafts(GenerationRequest request, GeneratedRow[] rows, DraftReader? drafter)
    {
        AssistedOptions options = request.Settings.Assisted!;
        // The pass gives one token more than was proposed.
        if (drafter is not null)
            return drafter.Propose(rows, rows.Min(row => Most(row, options.DraftTokens)));
        return [.. rows.Select(row => new Draft(PromptLookup.Propose(
            row.Tokens, request.DecoderStart is null ? row.Tokens : [.. request.Prompts[row.Prompt], .. row.Tokens],
            options.MaxMatchingNGramSize, Most(row, options.PromptLookupTokens)), []))];

        // What is read at once must be what is read one by one: where rotary frequencies depend on the length, up to where they change.
        int Most(GeneratedRow row, int wanted)
        {
            StackConfig decoder = request.Model.Config.Decoder!;
            int length = row.Tokens.Count + request.VirtualTokens[row.Prompt], most = Math.Min(wanted, row.Left - 1);
            while (most > 0 && !decoder.TurnAlike(length, length + most))
                most--;
            return most;
        }
    }

    private static void Take(
        GenerationRequest request, TokenRecord record, GeneratedRow[] rows, Draft[] drafts, Tensor logits, Tensor scores)
    {
        ResolvedGeneration settings = request.Settings;
        int[] firsts = new int[rows.Length];
        for (int r = 1; r < rows.Length; r++)
            firsts[r] = firsts[r - 1] + drafts[r - 1].Tokens.Count + 1;
        double[] uniforms = settings.Samples
            ? [.. rows.SelectMany((row, r) => Enumerable.Range(0, drafts[r].Tokens.Count + 1).Select(k => request.Uniform(row.Index, row.Count + k)))]
            : [];
        // Without a distribution of its own a proposal is right where the model chooses the same: draws are those without proposals.
        using TokenChoice own = Sampler.Choose(scores, settings, uniforms, allowNone: true);
        List<int> owners = [];
        List<long> places = [], ids = [];
        List<Tensor> chances = [];
        for (int r = 0; r < rows.Length; r++)
        {
            int first = firsts[r], before = owners.Count;
            if (drafts[r].Scores.Count == 0)
            {
                int k = 0;
                do
                    TakeOne(r, first + k, own.HostIds[first + k]);
                while (rows[r].Reason is null && k < drafts[r].Tokens.Count && own.HostIds[first + k] == drafts[r].Tokens[k++]);
            }
            else
            {
                foreach ((int place, long id) in Speculated(request, rows[r], drafts[r], scores, first))
                {
                    if (rows[r].Reason is null)
                        TakeOne(r, place, id);
                }
            }
        }

        Tensor at = tensor(places.ToArray(), ScalarType.Int64, device: scores.device), taken = tensor(ids.ToArray(), ScalarType.Int64, device: scores.device);
        Tensor chosen = scores.index_select(0, at);
        if (settings.Samples)
            chosen = LogitsWarpers.Warp(chosen, settings);
        using TokenChoice choice = new(taken, [.. ids], Likelihood.Of(chosen, taken));
        record.Add([.. owners], logits.index_select(0, at), choice);

        void TakeOne(int row, int place, long id)
        {
            if (id < 0)
                throw Sampler.NoToken(rows[row].Index);
            owners.Add(rows[row].Index);
            places.Add(place);
            ids.Add(id);
            rows[row].Take((int)id);
        }
    }

    // The drafted tokens that stay, and the one behind them.
    private static List<(int Place, long Id)> Speculated(GenerationRequest request, GeneratedRow row, Draft draft, Tensor scores, int first)
    {
        using DisposeScope scope = NewDisposeScope();
        int count = draft.Tokens.Count, start = row.Count;
        Tensor p = LogitsWarpers.Warp(scores.narrow(0, first, count + 1), request.Settings), q = cat([.. draft.Scores]); // [k + 1, V], [k, V]
        Tensor tokens = tensor([.. draft.Tokens.Select(id => (long)id)], ScalarType.Int64, device: scores.device).unsqueeze(1); // [k, 1]
        double[] target = [.. p.narrow(0, 0, count).to(ScalarType.Float64).softmax(1).gather(1, tokens).cpu().data<double>()];
        double[] drafted = [.. q.to(ScalarType.Float64).softmax(1).gather(1, tokens).cpu().data<double>()];
        int accepted = SpeculativeSampling.Accepted(target, drafted, [.. Enumerable.Range(0, count).Select(k => request.Uniform(row.Index, start + k, Lane))]);
        Tensor law = accepted < count
            ? SpeculativeSampling.Residual(p.narrow(0, accepted, 1), q.narrow(0, accepted, 1))
            : p.narrow(0, count, 1);
        using TokenChoice last = Sampler.Sample(law, 1, 0, 1, [request.Uniform(row.Index, start + accepted)], allowNone: true);
        return [.. Enumerable.Range(0, accepted).Select(k => (first + k, (long)draft.Tokens[k])), (first + accepted, last.HostIds[0])];
    }
}
