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
        float[] values = Values(LogitsWarpers.Warp(tensor([.4f, .3f, .2f, .1f], [1, 4], device: TestDevice.Device).log(), 1, 3, p));
        Assert.Equal(kept, Enumerable.Range(0, 4).Where(i => !float.IsNegativeInfinity(values[i])));
    }

    [SkippableFact]
    public void Temperature_comes_before_top_p()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = tensor([.6f, .3f, .1f], [1, 3], device: TestDevice.Device).log();

        // Squared and normalised (T = .5): .783, .196, .022.
        float[] values = Values(LogitsWarpers.Warp(scores, 0.5, 0, 0.7));
        Assert.Equal([2 * MathF.Log(.6f), No, No], values);
        Assert.Equal(MathF.Log(.6f), scores[0, 0].ToSingle());
    }

    private static float[] Values(Tensor tensor) => tensor.contiguous().cpu().data<float>().ToArray();
}
