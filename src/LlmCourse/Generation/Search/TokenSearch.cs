using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Generation;

/// <summary>Greedy search and sampling: one token of every row at each step. Rows that are finished leave the batch.</summary>
internal static class TokenSearch
{
    public static IReadOnlyList<Completion> Run(GenerationRequest request, GeneratedRow[] rows)
    {
        ResolvedGeneration settings = request.Settings;
        LogitsPipeline pipeline = new(settings);
        using DisposeScope scope = NewDisposeScope();
        using TokenRecord record = new(settings.TopAlternatives);
        using RowReader reader = RowReader.Open(request);

        GeneratedRow[] active = rows;
        IReadOnlyList<IReadOnlyList<int>> next = [.. Enumerable.Range(0, request.Prompts.Count).Select(request.Start)];
        for (int step = 0; active.Length > 0; step++)
        {
            request.CancellationToken.ThrowIfCancellationRequested();
            using DisposeScope stepScope = NewDisposeScope();
            (Tensor logits, Tensor? unconditional) = reader.Read(next);
            if (step == 0 && settings.Returned > 1) // a prompt is read once for all its completions
                (logits, unconditional) = (Spread(logits, settings.Returned), unconditional is null ? null : Spread(unconditional, settings.Returned));
            Tensor scores = pipeline.Apply(logits, [.. active.Select(row => row.Progress())], unconditional);
            double[] uniforms = settings.Samples ? [.. active.Select(row => request.Uniform(row.Index, step))] : [];
            using TokenChoice choice = Sampler.Choose(scores, settings, uniforms);
            record.Add([.. active.Select(row => row.Index)], logits, choice);

            for (int i = 0; i < active.Length; i++)
                active[i].Take((int)choice.HostIds[i]);
            int[] left = [.. Enumerable.Range(0, active.Length).Where(i => active[i].Reason is null)];
            bool spread = step == 0 && settings.Returned > 1;
            if (left.Length > 0 && (spread || left.Length < active.Length))
                reader.Select([.. left.Select(i => spread ? i / settings.Returned : i)]);
            active = [.. left.Select(i => active[i])];
            next = [.. active.Select(row => (IReadOnlyList<int>)[row.Tokens[^1]])];
        }

        return record.Complete(request, rows);
    }

    private static Tensor Spread(Tensor logits, int times) => logits.repeat_interleave(times, 0);
}
