using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Generation;

/// <summary>A draft model beside a request: it reads what the rows have, and proposes what may come next.</summary>
internal sealed class DraftReader : IDisposable
{
    /// <summary>Keeps the draws of drafts apart from those of the model.</summary>
    private const int Lane = 2;

    private readonly GenerationRequest _request;
    private readonly LogitsPipeline _pipeline;
    private readonly DraftModel _draft;
    private readonly DecodingSession _session;

    private DraftReader(GenerationRequest request, LogitsPipeline pipeline, DraftModel draft, DecodingSession session)
    {
        _request = request;
        _pipeline = pipeline;
        _draft = draft;
        _session = session;
    }

    /// <summary>Opens the draft model on the request's prompts.</summary>
    /// <exception cref="ArgumentException">It cannot draft for the model.</exception>
    public static DraftReader Open(GenerationRequest request, LogitsPipeline pipeline, DraftModel draft)
    {
        TransformerConfig own = request.Model.Config, its = draft.Model.Config;
        if (its.VocabularySize != own.VocabularySize)
            throw Unfit($"has a vocabulary of {its.VocabularySize} tokens and the model one of {own.VocabularySize}");
        if (its.Decoder is null || (its.Encoder is null) != (own.Encoder is null))
            throw Unfit("is of another kind: a decoder drafts for a decoder, an encoder–decoder for an encoder–decoder");
        if (!draft.Model.Device.Is(request.Model.Device))
            throw Unfit($"is on {draft.Model.Device} and the model on {request.Model.Device}");
        DecodingSession session = RowReader.Session(draft.Model, draft.View, request, request.Prompts);
        if (request.Settings.Returned > 1)
            session.Select([.. Enumerable.Range(0, request.Prompts.Count * request.Settings.Returned).Select(row => row / request.Settings.Returned)]);
        return new DraftReader(request, pipeline, draft, session);
    }

    /// <summary>Proposes tokens for all rows, at most <paramref name="count"/>; the tensors are the caller's scope's.</summary>
    public Draft[] Propose(IReadOnlyList<GeneratedRow> rows, int count)
    {
        count = Math.Min(count, Room(rows));
        AssistedOptions options = _request.Settings.Assisted!;
        List<int>[] tokens = [.. rows.Select(_ => new List<int>())];
        List<Tensor>[] scores = [.. rows.Select(_ => new List<Tensor>())];
        bool[] open = [.. rows.Select(_ => count > 0)];
        IReadOnlyList<int> lengths = _session.Lengths;
        IReadOnlyList<IReadOnlyList<int>> next = [.. rows.Select((row, r) => (IReadOnlyList<int>)[.. row.Tokens.Skip(lengths[r])])];
        for (int step = 0; step < count && open.Contains(true); step++)
        {
            _request.CancellationToken.ThrowIfCancellationRequested();
            using DisposeScope scope = NewDisposeScope();
            using Sequences sequences = Sequences.FromRows(next, device: _draft.Model.Device);
            Tensor found = _pipeline.Apply(_session.AppendForLogits(sequences), [.. rows.Select((row, r) => row.Progress(tokens[r]))]);
            if (_request.Settings.Samples)
                found = LogitsWarpers.Warp(found, _request.Settings);
            double[] uniforms = [.. rows.Select((row, r) => _request.Uniform(row.Index, row.Count + step, Lane))];
            TokenChoice choice = _request.Settings.Samples ? Sampler.Sample(found, 1, 0, 1, uniforms, allowNone: true) : Sampler.Greedy(found, allowNone: true);
            float[] logProbabilities = [.. choice.LogProbabilities.cpu().data<float>()];
            for (int r = 0; r < rows.Count; r++)
            {
                open[r] = open[r] && choice.HostIds[r] >= 0;
                if (!open[r])
                    continue;
                tokens[r].Add((int)choice.HostIds[r]);
                if (_request.Settings.Samples)
                    scores[r].Add(found.narrow(0, r, 1).clone().MoveToOuterDisposeScope());
                open[r] = Math.Exp(logProbabilities[r]) >= options.ConfidenceThreshold && !_request.Settings.EosTokenIds.Contains(tokens[r][^1]);
            }

            // A row that has no more to propose reads along; it forgets that again.
            next = [.. rows.Select((row, r) => (IReadOnlyList<int>)[(int)Math.Max(choice.HostIds[r], 0)])];
        }

        return [.. rows.Select((_, r) => new Draft(tokens[r], scores[r]))];
    }

    /// <summary>Forgets what rows have not taken over; their last token has to be read again in any case.</summary>
    public void Truncate(IReadOnlyList<GeneratedRow> rows)
    {
        IReadOnlyList<int> lengths = _session.Lengths;
        _session.Truncate([.. rows.Select((row, r) => Math.Min(lengths[r], row.Tokens.Count - 1))]);
    }

    /// <summary>Row i becomes what row rows[i] was.</summary>
    public void Select(int[] rows) => _session.Select(rows);

    public void Dispose() => _session.Dispose();

    // How many tokens fit into the draft model's own context.
    private int Room(IReadOnlyList<GeneratedRow> rows)
    {
        if (_draft.Model.Config.Decoder!.Positions.Limit is not { } limit)
            return int.MaxValue;
        VirtualTokens? front = _draft.Model.Config.Encoder is null ? _draft.View.Virtual : _draft.View.Virtual?.Keyed;
        int taken = front is null ? 0 : Enumerable.Range(0, _request.Prompts.Count).Max(prompt => front.At(prompt)?.Count ?? 0);
        return limit - taken - rows.Max(row => row.Tokens.Count);
    }

    private static ArgumentException Unfit(string why) =>
        new($"The model of {nameof(GenerationOptions.Assisted)}.{nameof(AssistedOptions.Draft)} {why}.");
}
