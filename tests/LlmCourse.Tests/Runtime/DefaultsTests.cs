using LlmCourse.Data;
using LlmCourse.Generation;
using LlmCourse.Runtime;
using LlmCourse.Training;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Runtime;

/// <summary>What belongs to the whole process, torch's defaults and the choice of kernels, changes no result.</summary>
[Collection(ProcessWide.Name)]
public sealed class DefaultsTests
{
    private static readonly int[][] Prompts = TinyFamilies.Rows(31, 5, 2, 7);

    private static readonly GenerationOptions Options = new() { MaxNewTokens = 5, EosTokenIds = [], TopAlternatives = 2 };

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void The_default_type_changes_nothing(string name)
    {
        IReadOnlyList<Completion> plain = Generate(name), other;
        set_default_dtype(ScalarType.Float64); // a larger type: what is written through pointers stays inside
        try
        {
            other = Generate(name);
        }
        finally
        {
            set_default_dtype(ScalarType.Float32);
        }

        Assert.Equal(plain.SelectMany(row => row.LogProbabilities), other.SelectMany(row => row.LogProbabilities));
    }

    /// <summary>A tensor that is made without saying where would have no data here, and on a GPU would be in the wrong place.</summary>
    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.All), MemberType = typeof(TinyFamilies))]
    public void The_default_device_changes_nothing(string name)
    {
        (double Loss, IReadOnlyList<int> Tokens) plain = LossAndTokens(name), other;
        set_default_device(META);
        try
        {
            other = LossAndTokens(name);
        }
        finally
        {
            set_default_device(CPU);
        }

        Assert.Equal(plain.Loss, other.Loss, 1e-6);
        Assert.Equal(plain.Tokens, other.Tokens);
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.All), MemberType = typeof(TinyFamilies))]
    public void Faster_kernels_change_no_logits(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using var noGrad = no_grad();
        foreach (int[] lengths in new int[][] { [1], [7], [2, 1, 3], [9, 4, 1, 13] })
        {
            using Batch batch = TinyFamilies.Batch(model, TinyFamilies.Rows(1, lengths));
            using Tensor fast = model.Logits(batch), plain = Plainly(() => model.Logits(batch));
            double size = Math.Max(1, plain.abs().max().Number());
            TinyFamilies.Close(plain, fast, 1e-5 * size, name);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void Faster_kernels_change_no_generation(string name)
    {
        IReadOnlyList<Completion> fast = Generate(name), plain = Plainly(() => Generate(name));
        Assert.Equal(plain.SelectMany(row => row.Tokens), fast.SelectMany(row => row.Tokens));
        Assert.All(plain.SelectMany(row => row.LogProbabilities).Zip(fast.SelectMany(row => row.LogProbabilities)), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
    }

    private static IReadOnlyList<Completion> Generate(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        return new TokenGenerator(model, ForwardContext.Evaluation, GenerationDefaults.None).Generate(Prompts, Options);
    }

    // Of a model after one step of training with dropout.
    private static (double Loss, IReadOnlyList<int> Tokens) LossAndTokens(string name)
    {
        using var scope = NewDisposeScope();
        using TransformerModel model = TinyFamilies.Model(name);
        using Batch batch = TinyFamilies.Batch(model, Prompts);
        using DropoutMasks dropout = new(1, device: TestDevice.Device);
        using AdamW adam = new(model.TrainableParameters(), 1e-2);
        SupervisedLoss.Of(model, batch, new ForwardContext { Dropout = dropout }).backward();
        adam.Step();
        IReadOnlyList<int> tokens = model.Config.Decoder is null
            ? []
            : new TokenGenerator(model, ForwardContext.Evaluation, GenerationDefaults.None).Generate(
                Prompts, Options with { Temperature = 0.9, TopK = 20, TopP = 0.9, RepetitionPenalty = 1.2, Seed = 3 })[0].Tokens;
        return (SupervisedLoss.Of(model, batch, ForwardContext.Evaluation).Number(), tokens);
    }

    private static T Plainly<T>(Func<T> work)
    {
        bool fast = Kernels.Fast;
        Kernels.Fast = false;
        try
        {
            return work();
        }
        finally
        {
            Kernels.Fast = fast;
        }
    }
}
