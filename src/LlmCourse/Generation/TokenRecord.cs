using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Generation;

/// <summary>
/// What is kept of each step for the result: likelihoods and alternatives. They stay on the device until the end, and come
/// to the host at once.
/// </summary>
internal sealed class TokenRecord(int alternatives) : IDisposable
{
    private readonly List<int[]> _rows = [];
    private readonly List<Tensor> _model = [];
    private readonly List<Tensor> _choice = [];
    private readonly List<Tensor> _topIds = [];
    private readonly List<Tensor> _top = [];

    /// <summary>Notes a step: logits [B, V] of the model, and what was chosen of them.</summary>
    public void Add(int[] rows, Tensor logits, TokenChoice choice)
    {
        _rows.Add(rows);
        _model.Add(Likelihood.Of(logits, choice.Ids).DetachFromDisposeScope());
        _choice.Add(choice.LogProbabilities.alias().DetachFromDisposeScope());
        if (alternatives == 0)
            return;
        (Tensor ids, Tensor logProbabilities) = Likelihood.Top(logits, alternatives);
        _topIds.Add(ids.DetachFromDisposeScope());
        _top.Add(logProbabilities.DetachFromDisposeScope());
    }

    /// <summary>The completions of all rows.</summary>
    public IReadOnlyList<Completion> Complete(GenerationRequest request, GeneratedRow[] rows)
    {
        using var scope = NewDisposeScope();
        float[] model = cat([.. _model]).cpu().data<float>().ToArray(), choice = cat([.. _choice]).cpu().data<float>().ToArray();
        long[] topIds = alternatives == 0 ? [] : cat([.. _topIds]).cpu().data<long>().ToArray();
        float[] top = alternatives == 0 ? [] : cat([.. _top]).cpu().data<float>().ToArray();

        List<int>[] places = [.. rows.Select(_ => new List<int>())]; // where each row's steps stand in the flat arrays
        int place = 0;
        foreach (int[] step in _rows)
        {
            foreach (int row in step)
                places[row].Add(place++);
        }

        return [.. rows.Select(row => new Completion
        {
            Text = row.Text,
            Tokens = [.. row.Tokens.Skip(row.PromptLength)],
            FinishReason = row.Reason!.Value,
            PromptTokens = request.Prompts[row.Prompt].Count,
            LogProbabilities = [.. places[row.Index].Select(at => model[at])],
            ChoiceLogProbabilities = [.. places[row.Index].Select(at => choice[at])],
            Alternatives = alternatives == 0 ? [] : [.. places[row.Index].Select(at => (IReadOnlyList<TokenProbability>)[.. Enumerable.Range(at * alternatives, alternatives)
                .Select(i => new TokenProbability((int)topIds[i], request.Name((int)topIds[i]), Math.Exp(top[i])))])],
            StopString = row.StopString,
            Seed = request.Settings.Samples ? request.Settings.Seed : null,
        })];
    }

    public void Dispose()
    {
        foreach (Tensor tensor in _model.Concat(_choice).Concat(_topIds).Concat(_top))
            tensor.Dispose();
    }
}
