using LlmCourse.Generation;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Generation;

public sealed class LogitsPipelineTests
{
    private const float No = float.NegativeInfinity;

    [SkippableFact]
    public void Without_rules_the_scores_are_passed_on_uncopied()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = rand(2, 5, device: TestDevice.Device);
        using Tensor scores = Pipeline(new() { EosTokenIds = [2] }).Apply(logits, [new([1], 1), new([1, 2], 1)]);
        logits.fill_(9);
        Assert.Equal(9, scores[0, 0].ToSingle());
    }

    [SkippableFact]
    public void Low_precision_is_raised()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = Pipeline(new()).Apply(rand(1, 5, device: TestDevice.Device).to(ScalarType.BFloat16), [new([1], 1)]);
        Assert.Equal(ScalarType.Float32, scores.dtype);
    }

    [SkippableFact]
    public void End_of_sequence_waits_for_the_minimum_of_each_row()
    {
        // Three new tokens at least: the first row (prompt 1) has 1 + 2, the second 4 + 1, the third 4 + 3.
        using DisposeScope scope = NewDisposeScope();
        Tensor logits = ones(3, 4, device: TestDevice.Device);
        Tensor scores = Pipeline(new() { EosTokenIds = [0, 3], MinNewTokens = 3 })
            .Apply(logits, [Row(3, 1), Row(5, 4), Row(7, 4)]);
        Assert.Equal([No, 1f, 1f, No, No, 1f, 1f, No, 1f, 1f, 1f, 1f], Values(scores));
        Assert.Equal(12, logits.sum().ToSingle());
    }

    [SkippableFact]
    public void First_and_last_tokens_are_forced()
    {
        using DisposeScope scope = NewDisposeScope();
        LogitsPipeline pipeline = Pipeline(new() { ForcedBosTokenId = 2, ForcedEosTokenIds = [1], MaxLength = 4, EosTokenIds = [1], MinLength = 9, MaxNewTokens = 3 });
        Assert.Equal(
            [No, No, 0f, 5f, No, 5f, No, 0f, No],
            Values(pipeline.Apply(full([3, 3], 5f, device: TestDevice.Device), [Row(1, 1), Row(2, 1), Row(3, 1)])));
    }

    [SkippableFact]
    public void Penalty_sees_each_row_s_own_tokens_only()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor scores = Pipeline(new() { RepetitionPenalty = 2 }).Apply(full([2, 4], 4f, device: TestDevice.Device), [new([1, 3, 3], 2), new([2], 1)]);
        Assert.Equal([4f, 2f, 4f, 2f, 4f, 4f, 2f, 4f], Values(scores));
    }

    [SkippableFact]
    public void A_step_leaves_no_tensor_behind()
    {
        ResolvedGeneration settings = ResolvedGeneration.From(
            new() { Temperature = 0.7, TopK = 3, TopP = 0.9, RepetitionPenalty = 1.2, EosTokenIds = [0], MinNewTokens = 2, ForcedBosTokenId = 3, ForcedEosTokenIds = [0] },
            GenerationDefaults.None, 800);
        using Tensor logits = rand(2, 800, device: TestDevice.Device);
        using DisposeScope scope = NewDisposeScope();
        Step(logits, settings);
        Assert.Equal(0, scope.DisposablesCount);
    }

    private static void Step(Tensor logits, ResolvedGeneration settings)
    {
        using Tensor scores = new LogitsPipeline(settings).Apply(logits, [Row(1, 1), Row(256, 1)]);
        using (Sampler.Sample(scores, 1, 0, 1, [0.9999999, 0.5]))
        using (Sampler.Choose(scores, settings, [0.9, 0.5]))
        using (TokenChoice choice = Sampler.Greedy(scores))
        using (Likelihood.Of(logits, choice.Ids))
        {
            (Tensor ids, Tensor logProbabilities) = Likelihood.Top(logits, 3);
            ids.Dispose();
            logProbabilities.Dispose();
            using Tensor row = scores[0];
            TokenDistribution.Of(row, settings);
        }
    }

    private static LogitsPipeline Pipeline(GenerationOptions options) => new(ResolvedGeneration.From(options, GenerationDefaults.None, 5));

    private static RowProgress Row(int tokens, int prompt) => new([.. Enumerable.Repeat(1, tokens)], prompt);

    private static float[] Values(Tensor tensor) => tensor.cpu().data<float>().ToArray();
}
