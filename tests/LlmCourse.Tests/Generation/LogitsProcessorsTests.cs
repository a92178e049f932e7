using LlmCourse.Generation;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Generation;

public sealed class LogitsProcessorsTests
{
    private const float No = float.NegativeInfinity;

    [SkippableFact]
    public void Repetition_penalty_divides_positive_scores_and_multiplies_negative_ones_once_per_token()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = tensor([3f, -3f, 0f, 6f, 1f, 2f, 3f, No], [2, 4], device: TestDevice.Device);
        LogitsProcessors.RepetitionPenalty(scores, tensor([0L, 0, 1, 0, 3, 3, 3, 3], [2, 4], device: TestDevice.Device), 1.5);
        Assert.Equal([2f, -4.5f, 0f, 6f, 1f, 2f, 3f, No], Values(scores));
    }

    [SkippableFact]
    public void Suppress_forbids_tokens_in_the_rows_named()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = tensor([1f, 2f, 3f, 4f, 5f, 6f, 7f, 8f, 9f], [3, 3], device: TestDevice.Device);
        LogitsProcessors.Suppress(scores, tensor([0L, 2], device: TestDevice.Device), tensor([0L, 2], device: TestDevice.Device));
        Assert.Equal([No, 2f, No, 4f, 5f, 6f, No, 8f, No], Values(scores));
    }

    [SkippableFact]
    public void Force_leaves_only_the_tokens_named()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = tensor([1f, 2f, 3f, 4f, 5f, 6f], [2, 3], device: TestDevice.Device);
        LogitsProcessors.Force(scores, tensor([1L], device: TestDevice.Device), tensor([0L, 2], device: TestDevice.Device));
        Assert.Equal([1f, 2f, 3f, 0f, No, 0f], Values(scores));
    }

    [SkippableTheory]
    [InlineData(1, new[] { No, 4f, 4f, No })]
    [InlineData(2, new[] { No, 4f, 4f, No })]
    [InlineData(3, new[] { 1f, 4f, 4f, 1f })]
    [InlineData(9, new[] { 1f, 4f, 4f, 1f })]
    public void Top_k_keeps_ties_with_the_kth(int k, float[] expected)
    {
        using DisposeScope scope = NewDisposeScope();
        Assert.Equal(expected, Values(LogitsWarpers.TopK(tensor([1f, 4f, 4f, 1f], [1, 4], device: TestDevice.Device), k)));
    }

    /// <summary>
    /// The token which crosses p is kept: of .5, .3, .1, .1 and p = .8 the first two; .7 and .5 are reached by fewer. A token
    /// likelier than p stands alone.
    /// </summary>
    [SkippableTheory]
    [InlineData(new[] { .3f, .1f, .1f, .5f }, 0.8, new[] { 0, 3 })]
    [InlineData(new[] { .3f, .1f, .1f, .5f }, 0.5, new[] { 3 })]
    [InlineData(new[] { .3f, .1f, .1f, .5f }, 0.51, new[] { 0, 3 })]
    [InlineData(new[] { .15f, .3f, .3f, .25f }, 0.8, new[] { 1, 2, 3 })]
    [InlineData(new[] { .05f, .9f, .05f }, 0.1, new[] { 1 })]
    [InlineData(new[] { .25f, .25f, .25f, .25f }, 0.5, new[] { 0, 1 })]
    [InlineData(new[] { .25f, .25f, .25f, .25f }, 1e-8, new[] { 0 })]
    [InlineData(new[] { .3f, .1f, .1f, .5f }, 0.95, new[] { 0, 1, 2, 3 })]
    public void Top_p_keeps_the_smallest_set_that_reaches_p(float[] probabilities, double p, int[] kept)
    {
        using DisposeScope scope = NewDisposeScope();
        float[] values = Values(LogitsWarpers.TopP(tensor(probabilities, [1, probabilities.Length], device: TestDevice.Device).log(), p));
        Assert.Equal(kept, Enumerable.Range(0, values.Length).Where(i => !float.IsNegativeInfinity(values[i])));
        Assert.All(kept, i => Assert.Equal(MathF.Log(probabilities[i]), values[i], 6));
    }

    /// <summary>After top-k = 3, .4 .3 .2 are .444 .333 .222: two of them reach .7, which in the whole vocabulary takes two as well, but .75 takes three there.</summary>
    [SkippableTheory]
    [InlineData(0.75, new[] { 0, 1 })]
    [InlineData(0.78, new[] { 0, 1, 2 })]
    public void Top_p_renormalises_after_top_k(double p, int[] kept)
    {
        using DisposeScope scope = NewDisposeScope();
        float[] values = Values(LogitsWarpers.Warp(tensor([.4f, .3f, .2f, .1f], [1, 4], device: TestDevice.Device).log(), Settings(new() { TopK = 3, TopP = p })));
        Assert.Equal(kept, Enumerable.Range(0, 4).Where(i => !float.IsNegativeInfinity(values[i])));
    }

    [SkippableFact]
    public void Temperature_comes_before_top_p()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = tensor([.6f, .3f, .1f], [1, 3], device: TestDevice.Device).log();

        // Squared and normalised (T = .5): .783, .196, .022.
        float[] values = Values(LogitsWarpers.Warp(scores, Settings(new() { Temperature = 0.5, TopP = 0.7 })));
        Assert.Equal([2 * MathF.Log(.6f), No, No], values);
        Assert.Equal(MathF.Log(.6f), scores[0, 0].ToSingle());
    }

    /// <summary>Of .4 .3 .2 .1 those with at least a share of .4: .2 has half of it.</summary>
    [SkippableTheory]
    [InlineData(0.49, 1, new[] { 0, 1, 2 })]
    [InlineData(0.51, 1, new[] { 0, 1 })]
    [InlineData(1, 1, new[] { 0 })]
    [InlineData(1, 3, new[] { 0, 1, 2 })]
    [InlineData(0, 1, new[] { 0, 1, 2, 3 })]
    public void Min_p_keeps_a_share_of_the_best(double share, int keep, int[] kept) =>
        AssertKept(kept, [.4f, .3f, .2f, .1f], scores => LogitsWarpers.MinP(scores, share, keep));

    /// <summary>
    /// .5 .2 .2 .1 have an entropy of −.5 ln .5 − .4 ln .2 − .1 ln .1 = 1.2206; their surprises are .693, 1.609, 1.609, 2.303, the distances .528, .389,
    /// .389, 1.082: the two .2 come first, and together.
    /// </summary>
    [SkippableTheory]
    [InlineData(0.1, 1, new[] { 1, 2 })]
    [InlineData(0.4, 1, new[] { 1, 2 })]
    [InlineData(0.41, 1, new[] { 0, 1, 2 })]
    [InlineData(0.95, 1, new[] { 0, 1, 2, 3 })]
    [InlineData(0.1, 3, new[] { 0, 1, 2 })]
    public void Typical_keeps_what_is_nearest_to_the_entropy(double mass, int keep, int[] kept) =>
        AssertKept(kept, [.5f, .2f, .2f, .1f], scores => LogitsWarpers.Typical(scores, mass, keep));

    [SkippableTheory]
    [InlineData(0.15, 1, new[] { 0, 1, 2 })]
    [InlineData(0.25, 1, new[] { 0 })]
    [InlineData(0.9, 1, new[] { 0 })]
    [InlineData(0.9, 2, new[] { 0, 1, 2 })] // two of them, and what ties with the second
    public void Epsilon_keeps_a_probability(double epsilon, int keep, int[] kept) =>
        AssertKept(kept, [.5f, .2f, .2f, .1f], scores => LogitsWarpers.Epsilon(scores, epsilon, keep));

    /// <summary>e^−1.2206 = .2950: √.09 · .2950 = .0885 cuts nothing off, √.25 · .2950 = .1475 the .1, and √.81 · .2950 = .2655 more.</summary>
    [SkippableTheory]
    [InlineData(0.09, new[] { 0, 1, 2, 3 })]
    [InlineData(0.25, new[] { 0, 1, 2 })]
    [InlineData(0.81, new[] { 0 })]
    public void Eta_keeps_less_of_a_flat_distribution(double epsilon, int[] kept) =>
        AssertKept(kept, [.5f, .2f, .2f, .1f], scores => LogitsWarpers.Eta(scores, epsilon));

    /// <summary>The terms −p ln p are .3466, .3219, .3219, .2303 of 1.2206: .3466 is .284 of it, .6685 is .548, .9903 is .811.</summary>
    [SkippableTheory]
    [InlineData(0.1, new[] { 0 })]
    [InlineData(0.5, new[] { 0 })]
    [InlineData(0.6, new[] { 0, 1 })] // of the equal ones, the smaller id
    [InlineData(0.82, new[] { 0, 1, 2 })]
    [InlineData(1, new[] { 0, 1, 2, 3 })]
    public void Top_h_keeps_a_share_of_the_entropy(double share, int[] kept) =>
        AssertKept(kept, [.5f, .2f, .2f, .1f], scores => LogitsWarpers.TopH(scores, share));

    [SkippableFact]
    public void A_minimum_of_tokens_stays_in_top_k_and_top_p()
    {
        AssertKept([0, 1, 2], [.5f, .2f, .2f, .1f], scores => LogitsWarpers.TopK(scores, 1, keep: 2));
        AssertKept([0, 1], [.5f, .2f, .2f, .1f], scores => LogitsWarpers.TopP(scores, 0.1, keep: 2));
        AssertKept([0, 1, 2, 3], [.5f, .2f, .2f, .1f], scores => LogitsWarpers.TopP(scores, 0.1, keep: 9));
    }

    /// <summary>Log-probabilities ln .5, ln .5 and ln .8, ln .2; at scale 2: 2 ln .5 − ln .8 and 2 ln .5 − ln .2.</summary>
    [SkippableFact]
    public void Guidance_goes_away_from_the_other_distribution()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor guided = LogitsProcessors.Guide(tensor([3f, 3f], [1, 2], device: TestDevice.Device), tensor([1 + MathF.Log(4), 1f], [1, 2], device: TestDevice.Device), 2);
        Assert.Equal([MathF.Log(.25f / .8f), MathF.Log(.25f / .2f)], Values(guided), Near);
    }

    [SkippableFact]
    public void Biases_raises_and_bans_touch_single_scores()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = tensor([1f, -2f, No, 4f, 5f, 6f], [2, 3], device: TestDevice.Device);
        LogitsProcessors.Bias(scores, Ids(0, 4), tensor([2.5, double.NegativeInfinity], device: TestDevice.Device));
        Assert.Equal([3.5f, -2f, No, 4f, No, 6f], Values(scores));
        LogitsProcessors.Raise(scores, Ids(0, 1, 2), tensor([2.0, 1.5, 3], device: TestDevice.Device)); // 3.5 + 3.5, −2 + 2 · .5, −∞ stays
        Assert.Equal([7f, -1f, No, 4f, No, 6f], Values(scores));
        LogitsProcessors.Forbid(scores, Ids(0, 5));
        Assert.Equal([No, -1f, No, 4f, No, No], Values(scores));
    }

    [SkippableFact]
    public void Invalid_values_become_numbers()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = tensor([float.NaN, No, float.PositiveInfinity, 1f], [1, 4], device: TestDevice.Device);
        LogitsProcessors.RemoveInvalid(scores);
        Assert.Equal([0f, float.MinValue, float.MaxValue, 1f], Values(scores));
    }

    private static bool Near(float first, float second) => Math.Abs(first - second) < 1e-6;

    private static Tensor Ids(params long[] ids) => tensor(ids, device: TestDevice.Device);

    private static ResolvedGeneration Settings(GenerationOptions options) => ResolvedGeneration.From(options, GenerationDefaults.None, 4);

    private static void AssertKept(int[] kept, float[] probabilities, Func<Tensor, Tensor> warp)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = tensor(probabilities, [1, probabilities.Length], device: TestDevice.Device).log();
        float[] before = Values(scores), values = Values(warp(scores));
        Assert.Equal(Enumerable.Range(0, values.Length).Select(i => kept.Contains(i) ? before[i] : No), values);
        Assert.Equal(before, Values(scores));
    }

    private static float[] Values(Tensor tensor) => tensor.contiguous().cpu().data<float>().ToArray();
}
