using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Generation;

/// <summary>
/// The best continuations of each prompt's beams, found on the device: no more of [B · beams, V] comes to the host than the few that are looked at.
/// Of equal sums the smaller beam comes first, then the smaller token.
/// </summary>
internal static class BeamCandidates
{
    /// <summary>Room for candidates that tie with the last one.</summary>
    private const int TieRoom = 16;

    /// <summary>How many of the best are looked at first where candidates are drawn.</summary>
    private const int ShortlistSize = 512;

    private const int Growth = 8;

    /// <summary>The best candidates of each prompt, best first; those with a sum of −∞ are none.</summary>
    /// <param name="sums">[G, N] the sums of each prompt's continuations.</param>
    /// <param name="count">How many at most.</param>
    /// <returns>For each prompt places in its N.</returns>
    public static long[][] Best(Tensor sums, int count) => Listed(sums, (long)count + TieRoom, list =>
        list.IsShort && (list.Values.Length < count || list.Values[count - 1] <= list.Values[^1]) ? null : [.. list.Places.Take(count)]);

    /// <summary>
    /// Draws candidates of each prompt without putting any back, each with a probability proportional to exp(sum), in the order of the draws.
    /// </summary>
    /// <param name="sums">[G, N].</param>
    /// <param name="count">How many at most; fewer where no more have a probability above 0.</param>
    /// <param name="uniforms">For each prompt as many numbers in [0, 1).</param>
    public static long[][] Drawn(Tensor sums, int count, double[][] uniforms)
    {
        using DisposeScope scope = NewDisposeScope();
        double[] totals = [.. sums.to(ScalarType.Float64).logsumexp(1).cpu().data<double>()];
        return Listed(sums, Math.Max(ShortlistSize, count + TieRoom), list =>
            Draw([.. list.Values.Select(value => Math.Exp(value - totals[list.Prompt]))], list.IsShort, count, uniforms[list.Prompt]) is { } drawn
                ? [.. drawn.Select(place => list.Places[place])]
                : null);
    }

    /// <summary>Draws from a list of weights without putting back: each number picks a place of what is left.</summary>
    /// <param name="weights">The largest first; of a list that goes on, parts of a whole of 1.</param>
    /// <param name="goesOn">Whether there are more, none larger than the last one listed.</param>
    /// <param name="count">How many draws at most.</param>
    /// <param name="uniforms">A number in [0, 1) for each.</param>
    /// <returns>Places in the list; null where a draw falls behind its end.</returns>
    public static int[]? Draw(double[] weights, bool goesOn, int count, ReadOnlySpan<double> uniforms)
    {
        double[] left = [.. weights];
        List<int> drawn = [];
        double total = goesOn ? 1 : left.Sum();
        while (drawn.Count < count)
        {
            double target = uniforms[drawn.Count] * total, upTo = 0;
            int place = -1;
            for (int i = 0; i < left.Length && upTo <= target; i++)
            {
                if (left[i] > 0)
                    (place, upTo) = (i, upTo + left[i]);
            }

            if (goesOn && (upTo <= target || place < 0))
                return null;
            if (place < 0)
                break; // nothing is left
            drawn.Add(place);
            left[place] = 0;
            total = goesOn ? total - weights[place] : left.Sum();
        }

        return [.. drawn];
    }

    private static long[][] Listed(Tensor sums, long size, Func<(int Prompt, long[] Places, float[] Values, bool IsShort), long[]?> choose)
    {
        using DisposeScope scope = NewDisposeScope();
        int prompts = (int)sums.size(0);
        long[][] chosen = new long[prompts][];
        int[] open = [.. Enumerable.Range(0, prompts)];
        while (open.Length > 0)
        {
            using DisposeScope attempt = NewDisposeScope();
            size = Math.Min(size, sums.size(1));
            Tensor theirs = open.Length == prompts ? sums : sums.index_select(0, tensor(Array.ConvertAll(open, g => (long)g), ScalarType.Int64, device: sums.device));
            (Tensor top, Tensor places) = theirs.topk((int)size, 1);
            float[] values = top.to(ScalarType.Float32).cpu().data<float>().ToArray();
            long[] at = places.cpu().data<long>().ToArray();
            List<int> again = [];
            for (int i = 0; i < open.Length; i++)
            {
                // Behind a place not taken there is nothing; equal ones come in the order of beams and tokens.
                (float Value, long Place)[] list = [.. Enumerable.Range(i * (int)size, (int)size).Select(k => (Value: values[k], Place: at[k]))
                    .Where(entry => !float.IsNegativeInfinity(entry.Value)).OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Place)];
                if (list.Length == 0 || list.Any(entry => !float.IsFinite(entry.Value)))
                    throw Sampler.NoToken(open[i]);
                bool isShort = list.Length == size && size < sums.size(1);
                if (choose((open[i], [.. list.Select(entry => entry.Place)], [.. list.Select(entry => entry.Value)], isShort)) is { } found)
                    chosen[open[i]] = found;
                else
                    again.Add(open[i]);
            }

            open = [.. again];
            size *= Growth;
        }

        return chosen;
    }
}
