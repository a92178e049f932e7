using LlmCourse.Checkpoints;
using LlmCourse.Data;
using LlmCourse.Generation;
using LlmCourse.Runtime;
using LlmCourse.Training;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Transformers;

/// <summary>Weights of every type run end to end, and mean the same model.</summary>
public sealed class TypesTests
{
    private static readonly (ScalarType Type, double Tolerance)[] Types =
        [(ScalarType.BFloat16, 0.05), (ScalarType.Float16, 0.01), (ScalarType.Float64, 1e-5)];

    public static TheoryData<string, ScalarType> Cases() => Of(TinyFamilies.All);

    public static TheoryData<string, ScalarType> Generating() => Of(TinyFamilies.LanguageModels);

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void Logits_are_those_of_fp32(string name, ScalarType type)
    {
        using TransformerModel single = TinyFamilies.Model(name), other = TinyFamilies.Model(name);
        other.To(type: type);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using Batch batch = TinyFamilies.Batch(single, TinyFamilies.Rows(1, 9, 4, 1, 13));
        Tensor expected = single.Logits(batch), found = other.Logits(batch);
        Assert.Equal(type, found.dtype);
        Assert.InRange(found.to(ScalarType.Float32).sub(expected).norm().Number() / expected.norm().Number(), 0, Tolerance(type));
    }

    [SkippableTheory]
    [MemberData(nameof(Generating))]
    public void Generation_works_and_scores_as_the_whole_pass(string name, ScalarType type)
    {
        using Pretrained pretrained = Pretrained.FromConfig(TinyFamilies.Config(name), 7, type, device: TestDevice.Device);
        TransformerModel model = pretrained.Model;
        TokenGenerator generator = new(model, ForwardContext.Evaluation, GenerationDefaults.None);
        int[][] prompts = TinyFamilies.Rows(2, 5, 2, 9);
        foreach (double temperature in new[] { 0, 0.9 })
        {
            GenerationOptions options = new() { MaxNewTokens = 6, Temperature = temperature, TopK = 20, TopP = 0.9, RepetitionPenalty = 1.1, TopAlternatives = 3, EosTokenIds = [], MinNewTokens = 2, Seed = 3 };
            IReadOnlyList<Completion> completions = generator.Generate(prompts, options);
            Assert.All(completions, completion => Assert.Equal(6, completion.Tokens.Count));
            Assert.All(completions, completion => Assert.All(completion.LogProbabilities, value => Assert.True(float.IsFinite(value))));
        }

        Assert.Equal(1, Enumerable.Range(0, model.Config.VocabularySize).Sum(id => generator.NextToken(prompts[0], new() { Temperature = 0.7 })[id]), 1e-6);
    }

    [SkippableTheory]
    [MemberData(nameof(Cases))]
    public void Losses_and_gradients_are_those_of_fp32(string name, ScalarType type)
    {
        using TransformerModel single = TinyFamilies.Model(name), other = TinyFamilies.Model(name);
        other.To(type: type);
        using Batch batch = TinyFamilies.Batch(single, TinyFamilies.Rows(1, 9, 4, 13));
        using Tensor expected = SupervisedLoss.Of(single, batch, ForwardContext.Evaluation), found = SupervisedLoss.Of(other, batch, ForwardContext.Evaluation);
        expected.backward();
        found.backward();
        Assert.Equal(1, found.Number() / expected.Number(), Tolerance(type));
        double error = 0, size = 0;
        foreach (((_, TorchSharp.Modules.Parameter one), (_, TorchSharp.Modules.Parameter two)) in single.NamedParameters.Zip(other.NamedParameters))
        {
            using var scope = NewDisposeScope();
            Assert.Equal(one.grad is null, two.grad is null);
            if (one.grad is not { } gradient)
                continue;
            Assert.Equal(type, two.grad!.dtype);
            size += Math.Pow(gradient.norm().Number(), 2);
            error += Math.Pow(two.grad.to(ScalarType.Float32).sub(gradient).norm().Number(), 2);
        }

        Assert.InRange(Math.Sqrt(error / size), 0, 2 * Tolerance(type));
    }

    private static double Tolerance(ScalarType type) => Array.Find(Types, entry => entry.Type == type).Tolerance;

    private static TheoryData<string, ScalarType> Of(TheoryData<string> names)
    {
        TheoryData<string, ScalarType> cases = [];
        foreach (string name in names)
        {
            foreach ((ScalarType type, _) in Types)
                cases.Add(name, type);
        }

        return cases;
    }
}
