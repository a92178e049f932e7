using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Generation;

/// <summary>
/// Beam search and beam sampling (Wu et al., "Google's neural machine translation system", 2016, section 7, with the scores of transformers): every
/// prompt is read once, its beams are rows of one session, and a prompt whose search is over leaves the batch.
/// </summary>
internal static class BeamSearch
{
    public static IReadOnlyList<Completion> Run(GenerationRequest request, GeneratedRow[] rows)
    {
        ResolvedGeneration settings = request.Settings;
        LogitsPipeline pipeline = new(settings);
        using DisposeScope scope = NewDisposeScope();
        using RowReader reader = RowReader.Open(request);

        GeneratedRow[] results = [.. rows.Where(row => row.Index % settings.Returned == 0)]; // the first of each prompt
        BeamGroup[] groups = [.. results.Select(row => new BeamGroup(settings.Beams, settings.LengthPenalty, settings.EarlyStopping, row.Left))];
        Completion[] completions = new Completion[rows.Length];
        int[] active = [.. Enumerable.Range(0, groups.Length)];
        IReadOnlyList<IReadOnlyList<int>> next = [.. active.Select(request.Start)];
        for (int step = 0; active.Length > 0; step++)
        {
            request.CancellationToken.ThrowIfCancellationRequested();
            using DisposeScope stepScope = NewDisposeScope();
            int beams = groups[active[0]].Running.Count;
            (Tensor logits, Tensor? unconditional) = reader.Read(next);
            BeamCandidate[][] candidates = Candidates(request, pipeline, [.. active.Select(prompt => (prompt, groups[prompt]))], logits, unconditional, step);
            List<int> left = [], parents = [];
            for (int g = 0; g < active.Length; g++)
            {
                BeamGroup group = groups[active[g]];
                group.Advance(candidates[g], results[active[g]].ReasonOf);
                if (group.IsDone)
                {
                    Complete(request, group, active[g], rows, completions);
                    continue;
                }

                left.Add(active[g]);
                parents.AddRange(group.Parents.Select(parent => (g * beams) + parent));
            }

            if (left.Count > 0)
                reader.Select([.. parents]);
            active = [.. left];
            next = [.. active.SelectMany(prompt => groups[prompt].Running).Select(beam => (IReadOnlyList<int>)[beam.Tokens[^1]])];
        }

        return completions;
    }

    // logits [G · beams, V]
    private static BeamCandidate[][] Candidates(
        GenerationRequest request, LogitsPipeline pipeline, (int Prompt, BeamGroup Group)[] groups, Tensor logits, Tensor? unconditional, int step)
    {
        using DisposeScope scope = NewDisposeScope();
        ResolvedGeneration settings = request.Settings;
        int beams = groups[0].Group.Running.Count;
        long vocabulary = logits.size(1), all = beams * vocabulary;
        // Only the first as many as there are beams may end: with n ends of sequence, (1 + n) · beams candidates leave enough to go on with.
        int endings = Math.Max(2, 1 + settings.EosTokenIds.Count), count = (int)Math.Min((long)endings * settings.Beams, all);

        Tensor own = logits.to(ScalarType.Float32).log_softmax(1);
        RowProgress[] progress = [.. groups.SelectMany(entry => entry.Group.Running.Select(beam => request.Progress(entry.Prompt, [.. request.Start(entry.Prompt), .. beam.Tokens])))];
        Tensor scores = pipeline.Apply(own, progress, unconditional);
        if (settings.Samples)
            scores = LogitsWarpers.Warp(scores, settings, keep: endings);
        if (settings.RenormalizeLogits)
            scores = scores.log_softmax(1);
        float[] running = [.. groups.SelectMany(entry => entry.Group.Running.Select(beam => beam.Sum))];
        Tensor sums = scores.Plus(tensor(running, [running.Length, 1], device: scores.device)).view(groups.Length, all); // [G · beams, V] → [G, beams · V]
        long[][] places = settings.Samples
            ? BeamCandidates.Drawn(sums, count, [.. groups.Select(entry => Enumerable.Range(1, count).Select(lane => request.Uniform(entry.Prompt, step, lane)).ToArray())])
            : BeamCandidates.Best(sums, count);

        // What was found of each prompt, in one transfer: [3, Σ].
        Tensor at = tensor([.. places.SelectMany((found, g) => found.Select(place => (g * all) + place))], ScalarType.Int64, device: scores.device);
        float[] values = [.. stack([sums.view(-1).index_select(0, at), scores.reshape(-1).index_select(0, at), own.view(-1).index_select(0, at)]).cpu().data<float>()];
        IReadOnlyList<TokenProbability>[]? alternatives = Alternatives(request, logits);
        int total = (int)at.size(0), next = 0;
        return [.. places.Select((found, g) => found.Select(place =>
        {
            int i = next++, beam = (int)(place / vocabulary);
            return new BeamCandidate(beam, (int)(place % vocabulary), values[i], values[total + i], values[(2 * total) + i], alternatives?[(g * beams) + beam]);
        }).ToArray())];
    }

    private static IReadOnlyList<TokenProbability>[]? Alternatives(GenerationRequest request, Tensor logits)
    {
        int count = request.Settings.TopAlternatives;
        if (count == 0)
            return null;
        (Tensor ids, Tensor logProbabilities) = Likelihood.Top(logits, count);
        long[] tokens = [.. ids.cpu().data<long>()];
        float[] values = [.. logProbabilities.cpu().data<float>()];
        return [.. Enumerable.Range(0, (int)logits.size(0)).Select(row => (IReadOnlyList<TokenProbability>)[.. Enumerable.Range(row * count, count)
            .Select(i => new TokenProbability((int)tokens[i], request.Name((int)tokens[i]), Math.Exp(values[i])))])];
    }

    private static void Complete(GenerationRequest request, BeamGroup group, int prompt, GeneratedRow[] rows, Completion[] completions)
    {
        int wanted = request.Settings.Returned;
        if (group.Finished.Count < wanted)
        {
            throw new GenerationException(
                $"Only {group.Finished.Count} texts are possible behind prompt {prompt} under the rules: {nameof(GenerationOptions.NumReturnSequences)} asks for {wanted}.");
        }

        for (int i = 0; i < wanted; i++)
        {
            FinishedBeam finished = group.Finished[i];
            GeneratedRow row = rows[(prompt * wanted) + i];
            row.TakeAll(finished.Beam.Tokens, finished.Reason);
            BeamCandidate[] steps = finished.Beam.Steps!.All();
            completions[row.Index] = new Completion
            {
                Text = row.Text,
                Tokens = finished.Beam.Tokens,
                FinishReason = finished.Reason,
                PromptTokens = request.Prompts[prompt].Count,
                LogProbabilities = [.. steps.Select(step => step.LogProbability)],
                ChoiceLogProbabilities = [.. steps.Select(step => step.Score)],
                Alternatives = request.Settings.TopAlternatives == 0 ? [] : [.. steps.Select(step => step.Alternatives!)],
                SequenceScore = finished.Score,
                StopString = row.StopString,
                Seed = request.Settings.Samples ? request.Settings.Seed : null,
            };
        }
    }
}
