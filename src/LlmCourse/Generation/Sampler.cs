using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Generation;

/// <summary>
/// Chooses the next token of each row. The device is waited for once a step, for [B] ids; only where a shortlist was too short
/// the rows concerned are looked at again with a longer one, in the end with the whole vocabulary. The result is the same.
/// </summary>
internal static class Sampler
{
    /// <summary>How many of the best tokens are looked at first where there is no top-k.</summary>
    internal const int ShortlistSize = 512;

    /// <summary>How much longer the list becomes where it was too short.</summary>
    private const int Growth = 8;

    /// <summary>Room for tokens that tie with the k-th.</summary>
    private const int TieRoom = 16;

    private const long Undecided = -1;

    /// <summary>Chooses as the settings say.</summary>
    /// <param name="scores">[B, V] processed scores. Not changed, not disposed.</param>
    /// <param name="settings">Greedy, or sampling with temperature, top-k and the other warpers.</param>
    /// <param name="uniforms">A number in [0, 1) for each row; not used by greedy.</param>
    /// <param name="allowNone">Whether a row without any token to choose is −1 on the host instead of an error.</param>
    public static TokenChoice Choose(Tensor scores, ResolvedGeneration settings, ReadOnlySpan<double> uniforms, bool allowNone = false)
    {
        if (!settings.Samples)
            return Greedy(scores, allowNone);
        if (!settings.WarpsWholeVocabulary)
            return Sample(scores, settings.Temperature, settings.TopK, settings.TopP, uniforms, settings.MinP, allowNone);
        using Tensor warped = LogitsWarpers.Warp(scores, settings);
        return Sample(warped, 1, 0, 1, uniforms, allowNone: allowNone);
    }

    /// <summary>The error of a row in which no token can be chosen.</summary>
    public static GenerationException NoToken(int row) => new(
        $"No token can be chosen in row {row}: its scores are not numbers (look at the weights, the data type and the input), or every token is forbidden.");

    /// <summary>The most probable token of each row; of equal ones, the smallest id.</summary>
    public static TokenChoice Greedy(Tensor scores, bool allowNone = false)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor best, Tensor ids) = scores.max(1);
        Tensor logProbabilities = best.Minus(scores.logsumexp(1)).to(ScalarType.Float32);
        ids.WithInPlace(logProbabilities.isnan(), Undecided);
        return Checked(ids, Host(ids), logProbabilities, allowNone);
    }

    /// <summary>Draws a token for each row by inverting its cumulative distribution, most probable tokens first.</summary>
    /// <param name="scores">[B, V] processed scores. Not changed, not disposed.</param>
    /// <param name="temperature">Above 0.</param>
    /// <param name="topK">0 is off.</param>
    /// <param name="topP">1 is off.</param>
    /// <param name="uniforms">A number in [0, 1) for each row.</param>
    /// <param name="minP">0 is off.</param>
    /// <param name="allowNone">Whether a row without any token to choose is −1 on the host instead of an error.</param>
    public static TokenChoice Sample(
        Tensor scores, double temperature, int topK, double topP, ReadOnlySpan<double> uniforms, double minP = 0, bool allowNone = false)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(uniforms.Length, scores.size(0), nameof(uniforms));
        using DisposeScope scope = NewDisposeScope();

        temperature = Bounded(temperature);
        long size = topK > 0 ? (long)topK + TieRoom : ShortlistSize;
        Tensor thresholds = tensor(uniforms.ToArray(), ScalarType.Float64, device: scores.device);
        (Tensor ids, Tensor logProbabilities) = Draw(scores, size, temperature, topK, topP, minP, thresholds);
        long[] host = Host(ids);
        while (size < scores.size(1) && Array.IndexOf(host, Undecided) >= 0)
        {
            size = Math.Min(size * Growth, scores.size(1));
            Tensor rows = tensor([.. Enumerable.Range(0, host.Length).Where(b => host[b] == Undecided).Select(b => (long)b)], ScalarType.Int64, device: scores.device);
            (Tensor theirs, Tensor theirLogProbabilities) = Draw(
                scores.index_select(0, rows), size, temperature, topK, topP, minP, thresholds.index_select(0, rows));
            ids.index_copy_(0, rows, theirs);
            logProbabilities.index_copy_(0, rows, theirLogProbabilities);
            host = Host(ids);
        }

        return Checked(ids, host, logProbabilities, allowNone);
    }

    /// <summary>Beyond these bounds single precision has nothing left between the best token and all the same.</summary>
    internal static double Bounded(double temperature) => Math.Clamp(temperature, 1e-30, 1e30);

    private static (Tensor Ids, Tensor LogProbabilities) Draw(
        Tensor scores, long size, double temperature, int topK, double topP, double minP, Tensor uniforms)
    {
        using DisposeScope scope = NewDisposeScope();
        using Shortlist list = Shortlist.Of(scores, size);
        Tensor? decided = topK > 0 ? list.KeepTopK(topK) : null;
        Tensor weights = list.Weights(temperature);

        // What the weights of all tokens in question sum to: of the list, or of a vocabulary that goes on beyond it.
        bool goesOn = !list.IsWhole && topK == 0;
        Tensor total = goesOn
            ? scores.Minus(list.Scores.narrow(1, 0, 1).to(scores.dtype)).OverInPlace(temperature).exp_().sum(1, keepdim: true).to(ScalarType.Float64)
            : weights.sum(1, keepdim: true);
        if (topP < 1)
        {
            Tensor reached = Shortlist.KeepTopP(weights, total, topP);
            decided = decided is null ? reached : decided.logical_and(reached);
            goesOn = false;
        }

        if (minP > 0)
        {
            Tensor below = weights.IsBelow(minP);
            if (goesOn) // no token behind the list is likelier than one on it that is not likely enough
            {
                decided = below.logical_and(list.Scores.isfinite()).any(1);
                goesOn = false;
            }

            weights.WithInPlace(below, 0);
        }

        Tensor upTo = weights.cumsum(1);
        Tensor end = upTo.narrow(1, upTo.size(1) - 1, 1);
        if (!goesOn)
            total = end;
        Tensor target = uniforms.unsqueeze(1) * total;
        Tensor found = (goesOn ? target.lt(end) : end.IsAbove(0)).squeeze(1);
        decided = decided is null ? found : decided.logical_and(found);

        // The first place whose cumulative weight exceeds the target; the last one that adds anything, should rounding make them equal.
        Tensor place = upTo.le(target).logical_and_(upTo.lt(end)).sum(1, keepdim: true);
        Tensor ids = list.Ids.gather(1, place).squeeze(1).With(decided.logical_not(), Undecided);
        Tensor logProbabilities = weights.gather(1, place).div(total).log_().squeeze(1).to(ScalarType.Float32);
        return (ids.MoveToOuterDisposeScope(), logProbabilities.MoveToOuterDisposeScope());
    }

    private static TokenChoice Checked(Tensor ids, long[] host, Tensor logProbabilities, bool allowNone)
    {
        int row = Array.IndexOf(host, Undecided);
        if (row >= 0 && !allowNone)
            throw NoToken(row);
        return new(ids.MoveToOuterDisposeScope(), host, logProbabilities.MoveToOuterDisposeScope());
    }

    private static long[] Host(Tensor ids)
    {
        using Tensor local = ids.cpu();
        return local.data<long>().ToArray();
    }
}
