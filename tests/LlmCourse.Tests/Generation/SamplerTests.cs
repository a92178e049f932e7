using LlmCourse.Generation;
using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Generation;

public sealed class SamplerTests
{
    private const int Draws = 10_000;

    public static TheoryData<int, double, int, double> Strategies() => new()
    {
        // vocabulary, temperature, top-k, top-p
        { 40, 1, 0, 1 },
        { 40, 0.5, 0, 1 },
        { 40, 2, 0, 1 },
        { 40, 1, 5, 1 },
        { 40, 1, 0, 0.8 },
        { 40, 0.7, 20, 0.9 },
        { 40, 2, 3, 0.6 },
        { 40, 1.3, 0, 0.3 },

        // Beyond the shortlist: a part of the draws (700 tokens) or of the nucleus lies outside of it.
        { 700, 1, 0, 1 },
        { 700, 3, 0, 1 },
        { 700, 3, 0, 0.9 },
        { 700, 1, 50, 1 },
        { 700, 2, 600, 0.95 },
    };

    [SkippableTheory]
    [MemberData(nameof(Strategies))]
    public void Draws_follow_the_computed_distribution(int vocabulary, double temperature, int topK, double topP)
    {
        float[] scores = Scores(vocabulary);
        int[] counts = Count(scores, temperature, topK, topP, seed: 20);
        Assert.True(ChiSquare.PValue(counts, Expected(scores, temperature, topK, topP)) > 1e-4);
    }

    [SkippableFact]
    public void The_test_would_find_a_wrong_distribution()
    {
        float[] scores = Scores(40);
        int[] counts = Count(scores, 1, 0, 1, seed: 20);
        Assert.True(ChiSquare.PValue(counts, Expected(scores, 1.1, 0, 1)) < 1e-4);
        Assert.True(ChiSquare.PValue(counts, Expected(scores, 1, 0, 0.99)) < 1e-4);
    }

    [SkippableFact]
    public void Draws_with_a_repetition_penalty_follow_the_computed_distribution()
    {
        float[] scores = Scores(40);
        float[] penalised = [.. scores];
        foreach (int seen in (int[])[0, 1, 38])
            penalised[seen] = scores[seen] < 0 ? scores[seen] * 1.5f : scores[seen] / 1.5f;
        ResolvedGeneration settings = ResolvedGeneration.From(
            new GenerationOptions { Temperature = 0.9, RepetitionPenalty = 1.5 }, GenerationDefaults.None, 40);

        using DisposeScope scope = NewDisposeScope();
        RowProgress row = new([1, 0, 38, 1], 2);
        Tensor processed = new LogitsPipeline(settings).Apply(Batch(scores, Draws), [.. Enumerable.Repeat(row, Draws)]);
        using TokenChoice choice = Sampler.Choose(processed, settings, Uniforms(5, Draws, 0));
        int[] counts = new int[40];
        foreach (long id in choice.HostIds)
            counts[id]++;
        Assert.True(ChiSquare.PValue(counts, Expected(penalised, 0.9, 0, 1)) > 1e-4);
    }

    [SkippableTheory]
    [MemberData(nameof(Strategies))]
    public void A_row_draws_the_same_alone_and_in_a_batch(int vocabulary, double temperature, int topK, double topP)
    {
        using DisposeScope scope = NewDisposeScope();
        const int Rows = 12;
        Tensor all = cat([.. Enumerable.Range(0, Rows).Select(shift => Batch([.. Scores(vocabulary).Select((s, i) => s + (0.1f * ((i + shift) % 7)))], 1))]);
        double[] uniforms = Uniforms(9, Rows, 4);
        using TokenChoice together = Sampler.Sample(all, temperature, topK, topP, uniforms);
        for (int b = 0; b < Rows; b++)
        {
            using TokenChoice alone = Sampler.Sample(all.narrow(0, b, 1), temperature, topK, topP, [Philox.Uniform(9, b, 4)]);
            Assert.Equal(together.HostIds[b], alone.HostIds[0]);
            Assert.Equal(together.LogProbabilities[b].ToSingle(), alone.LogProbabilities[0].ToSingle(), 5);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Strategies))]
    public void The_log_probability_is_that_of_the_warped_scores(int vocabulary, double temperature, int topK, double topP)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = Batch(Scores(vocabulary), 50);
        using TokenChoice choice = Sampler.Sample(scores, temperature, topK, topP, Uniforms(1, 50, 0));
        Tensor expected = Likelihood.Of(LogitsWarpers.Warp(scores, Settings(temperature, topK, topP)), choice.Ids);
        Assert.True(expected.sub(choice.LogProbabilities).abs().max().ToSingle() < 1e-5f);
        Assert.Equal(choice.HostIds, choice.Ids.cpu().data<long>().ToArray());
    }

    /// <summary>Min-p on a list and the warpers that need the whole vocabulary draw from what the warped scores say, also beyond the shortlist.</summary>
    [SkippableTheory]
    [InlineData(40, 0.1, 1, 0, 0)]
    [InlineData(700, 0.001, 1, 0, 0)]
    [InlineData(700, 0.0002, 1, 0, 0)] // between the 512th and the last
    [InlineData(700, 0.01, 0.8, 0, 0)]
    [InlineData(700, 0, 0.9, 0.001, 0)]
    [InlineData(40, 0.05, 1, 0, 0.01)]
    public void Draws_with_other_warpers_follow_the_warped_scores(int vocabulary, double minP, double typical, double epsilon, double eta)
    {
        using DisposeScope scope = NewDisposeScope();
        ResolvedGeneration settings = ResolvedGeneration.From(
            new() { Temperature = 1.5, MinP = minP, TypicalP = typical, EpsilonCutoff = epsilon, EtaCutoff = eta }, GenerationDefaults.None, vocabulary);
        Tensor scores = Batch(Scores(vocabulary), 1), warped = LogitsWarpers.Warp(scores, settings);
        int[] counts = new int[vocabulary];
        for (int step = 0; step < 10; step++)
        {
            using TokenChoice choice = Sampler.Choose(scores.expand(500, vocabulary), settings, Uniforms(3, 500, step));
            foreach (long id in choice.HostIds)
                counts[id]++;
            Assert.True(Likelihood.Of(warped.expand(500, vocabulary), choice.Ids).sub(choice.LogProbabilities).abs().max().ToSingle() < 1e-5f);
        }

        double[] expected = [.. warped.to(ScalarType.Float64).softmax(1).cpu().data<double>()];
        Assert.True(ChiSquare.PValue(counts, expected) > 1e-4);
        Assert.Contains(expected, probability => probability == 0);
    }

    /// <summary>Probabilities .5, .3, .1, .1 by rank: the ends of the intervals decide.</summary>
    [SkippableTheory]
    [InlineData(0.0, 3)]
    [InlineData(0.499, 3)]
    [InlineData(0.501, 0)]
    [InlineData(0.799, 0)]
    [InlineData(0.801, 1)]
    [InlineData(0.899, 1)]
    [InlineData(0.901, 2)]
    [InlineData(0.99999999999, 2)]
    public void The_cumulative_distribution_is_inverted(double uniform, long expected)
    {
        using DisposeScope scope = NewDisposeScope();
        using TokenChoice choice = Sampler.Sample(tensor([0.3f, 0.1f, 0.1f, 0.5f], [1, 4], device: TestDevice.Device).log(), 1, 0, 1, [uniform]);
        Assert.Equal(expected, choice.HostIds[0]);
    }

    /// <summary>The largest number below 1, times the sum, may round to the sum: still no forbidden token.</summary>
    [SkippableFact]
    public void The_largest_number_gives_the_last_token_that_can_be_drawn()
    {
        using DisposeScope scope = NewDisposeScope();
        for (int allowed = 1; allowed < 60; allowed++)
        {
            Tensor scores = cat([linspace(0.3, -1, allowed, device: TestDevice.Device), full([5], float.NegativeInfinity, device: TestDevice.Device)]).unsqueeze(0);
            using TokenChoice plain = Sampler.Sample(scores, 1.7, 0, 1, [Math.BitDecrement(1.0)]);
            Assert.Equal(allowed - 1, plain.HostIds[0]);
            using TokenChoice topP = Sampler.Sample(scores, 1.7, 0, 0.6, [Math.BitDecrement(1.0)]);
            Assert.InRange(topP.HostIds[0], 0, allowed - 1);
        }
    }

    [SkippableFact]
    public void Equal_scores_beyond_the_shortlist_fall_back_to_the_whole_vocabulary()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor flat = zeros(1, 2000, device: TestDevice.Device);
        using TokenChoice plain = Sampler.Sample(flat, 1, 0, 1, [0.75001]);
        Assert.Equal(1500, plain.HostIds[0]);
        using TokenChoice topK = Sampler.Sample(flat, 1, 10, 1, [0.75001]);
        Assert.Equal(1500, topK.HostIds[0]);
        using TokenChoice topP = Sampler.Sample(flat, 1, 0, 0.5, [0.5001]);
        Assert.Equal(500, topP.HostIds[0]);
    }

    [SkippableTheory]
    [InlineData(1e-300)]
    [InlineData(1e-6)]
    public void A_temperature_near_zero_gives_the_best_token(double temperature)
    {
        using DisposeScope scope = NewDisposeScope();
        using TokenChoice choice = Sampler.Sample(Batch(Scores(1500), 1), temperature, 0, 1, [0.999]);
        Assert.Equal(0, choice.HostIds[0]);
        Assert.Equal(0, choice.LogProbabilities.ToSingle());
    }

    [SkippableFact]
    public void An_endless_temperature_makes_all_allowed_tokens_equal()
    {
        using DisposeScope scope = NewDisposeScope();
        using TokenChoice choice = Sampler.Sample(tensor([9f, float.NegativeInfinity, 1f, -4f], [1, 4], device: TestDevice.Device), double.MaxValue, 0, 1, [0.5]);
        Assert.Equal(2, choice.HostIds[0]);
        Assert.Equal(MathF.Log(1 / 3f), choice.LogProbabilities.ToSingle(), 5);
    }

    [SkippableFact]
    public void Greedy_takes_the_best_token_and_the_first_of_equal_ones()
    {
        using DisposeScope scope = NewDisposeScope();
        using TokenChoice choice = Sampler.Greedy(tensor([0f, 2f, 2f, 1f, 5f, 1f, 0f, 0f], [2, 4], device: TestDevice.Device));
        Assert.Equal([1, 0], choice.HostIds);
        Assert.Equal(2 - Math.Log(1 + Math.Exp(2) + Math.Exp(2) + Math.Exp(1)), choice.LogProbabilities[0].ToSingle(), 5);
    }

    [SkippableTheory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Scores_that_are_not_numbers_are_an_error(float bad)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = tensor([0f, 1f, bad, 2f, 0f, 1f, 2f, 3f], [2, 4], device: TestDevice.Device);
        Assert.Contains("row 0", Assert.Throws<GenerationException>(() => Sampler.Greedy(scores)).Message, StringComparison.Ordinal);
        Assert.Throws<GenerationException>(() => Sampler.Sample(scores, 1, 0, 1, [0.5, 0.5]));
        Assert.Throws<GenerationException>(() => Sampler.Sample(scores, 1, 2, 0.5, [0.5, 0.5]));
    }

    [SkippableFact]
    public void A_row_without_any_allowed_token_is_an_error()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = full([1, 4], float.NegativeInfinity, device: TestDevice.Device);
        Assert.Throws<GenerationException>(() => Sampler.Greedy(scores));
        Assert.Throws<GenerationException>(() => Sampler.Sample(scores, 1, 2, 0.5, [0.5]));
    }

    [SkippableFact]
    public void Forbidden_tokens_are_never_drawn()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = tensor([1f, float.NegativeInfinity, 1f, float.NegativeInfinity], [1, 4], device: TestDevice.Device).expand(1000, 4);
        using TokenChoice choice = Sampler.Sample(scores, 1, 0, 1, Uniforms(3, 1000, 0));
        Assert.Equal([0, 2], choice.HostIds.Distinct().Order());
    }

    private static int[] Count(float[] scores, double temperature, int topK, double topP, long seed)
    {
        using DisposeScope scope = NewDisposeScope();
        int rows = scores.Length > 100 ? 500 : Draws;
        Tensor batch = Batch(scores, rows);
        int[] counts = new int[scores.Length];
        for (int step = 0; step < Draws / rows; step++)
        {
            using TokenChoice choice = Sampler.Sample(batch, temperature, topK, topP, Uniforms(seed, rows, step));
            foreach (long id in choice.HostIds)
                counts[id]++;
        }

        return counts;
    }

    private static ResolvedGeneration Settings(double temperature, int topK, double topP) =>
        ResolvedGeneration.From(new() { Temperature = temperature, TopK = topK, TopP = topP }, GenerationDefaults.None, 10_000);

    private static double[] Uniforms(long seed, int rows, long step) =>
        Philox.Uniforms(seed, [.. Enumerable.Range(0, rows).Select(row => (long)row)], step);

    private static Tensor Batch(float[] scores, int rows) => tensor(scores, [1, scores.Length], device: TestDevice.Device).expand(rows, scores.Length);

    /// <summary>Zipf's law with a few equal neighbours; half of the scores are negative.</summary>
    private static float[] Scores(int vocabulary) =>
        [.. Enumerable.Range(0, vocabulary).Select(i => MathF.Round(3 - (2 * MathF.Log(1 + i)), i > 4 ? 1 : 3))];

    /// <summary>The definition, in plain arithmetic: temperature, then top-k with its ties, then the shortest beginning that reaches p.</summary>
    private static double[] Expected(float[] scores, double temperature, int topK, double topP)
    {
        double[] heated = [.. scores.Select(score => score / temperature)];
        int[] order = [.. Enumerable.Range(0, scores.Length).OrderByDescending(i => heated[i])];
        double least = topK > 0 ? heated[order[Math.Min(topK, order.Length) - 1]] : double.NegativeInfinity;
        double[] weights = [.. heated.Select(score => score < least ? 0 : Math.Exp(score))];
        double sum = weights.Sum(), reached = 0;
        foreach (int i in order)
        {
            double weight = weights[i];
            if (topP < 1 && reached / sum >= topP - 1e-6)
                weights[i] = 0;
            reached += weight;
        }

        double kept = weights.Sum();
        return [.. weights.Select(weight => weight / kept)];
    }
}
