using LlmCourse.Data;
using LlmCourse.Evaluation;
using LlmCourse.Generation;
using LlmCourse.Tests.Checkpoints;

namespace LlmCourse.Tests.Evaluation;

/// <summary>Measuring a model leaves no tensor behind, and no gradient.</summary>
[Collection(ProcessWide.Name)]
public sealed class LiveTensorsTests
{
    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void Measurements_leave_no_tensor(string name)
    {
        using TemporaryFolder folder = TinyLlm.Folder(name);
        using Llm llm = Llm.FromConfig(folder.Path, 7, LogLikelihoodTests.OnDevice);
        Example[] test = TinyLlm.Examples(5);
        EvaluationOptions options = new() { Generation = new GenerationOptions { DoSample = false, MaxNewTokens = 3 }, BatchSize = 2 };
        ProcessWide.LeavesNoTensors(3, _ =>
        {
            llm.LogLikelihoods([("hello", " world"), ("a", "b")]);
            llm.Choose("hello you", ["ab", "c"]);
            llm.Evaluate(test, [Metrics.Rouge], options);
            llm.TokenAccuracy(test);
            if (llm.Model.Config.Encoder is null)
                llm.Perplexity("hello world, hello you", new PerplexityOptions { Window = 6 });
            Assert.ThrowsAny<ArgumentException>(() => TokenScorer.Score(llm.Model, LlmCourse.Transformers.ForwardContext.Evaluation, [[new ContinuationRow(llm.Model.Config.Encoder is null ? null : [3], [3, 300], 1)]], 1));
        });
    }
}
