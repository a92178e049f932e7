using LlmCourse.Data;
using LlmCourse.Tests.Adapters;
using LlmCourse.Training;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Training;

/// <summary>A training step leaves no tensor behind.</summary>
[Collection(ProcessWide.Name)]
public sealed class LiveTensorsTests
{
    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.All), MemberType = typeof(TinyFamilies))]
    public void Steps_leave_no_tensor(string name) => Train(name, 10, FullTraining);

    [SkippableTheory]
    [Trait("Category", "Long")]
    [MemberData(nameof(TinyFamilies.All), MemberType = typeof(TinyFamilies))]
    public void Two_hundred_steps_leave_no_tensor(string name) => Train(name, 200, FullTraining);

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void Steps_of_an_adapter_leave_no_tensor(string name) => Train(name, 10, AdapterTraining);

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void Steps_of_soft_prompts_leave_no_tensor(string name)
    {
        Train(name, 10, model => SoftPromptTraining(model, recompute: false));
        Train(name, 10, model => SoftPromptTraining(model, recompute: true));
    }

    [SkippableFact]
    public void Losses_and_batches_leave_no_tensor_and_keep_their_arguments()
    {
        using Tensor logits = randn(3, 4, device: TestDevice.Device), classes = tensor(new long[] { 1, Batch.Ignore, 0 }, device: TestDevice.Device), numbers = randn(12, device: TestDevice.Device), bits = ones(3, 4, device: TestDevice.Device);
        using Tensor ids = ones([2, 3], ScalarType.Int64, device: TestDevice.Device), mask = ones([2, 3], ScalarType.Int64, device: TestDevice.Device);
        ProcessWide.LeavesNoTensors(3, _ =>
        {
            Losses.CrossEntropy(logits, classes).Dispose();
            Losses.LogProbabilities(logits, classes).Dispose();
            Losses.MeanSquaredError(logits, numbers).Dispose();
            Losses.BinaryCrossEntropy(logits, bits).Dispose();
            using Sequences sequences = Sequences.FromTensors(ids, mask, ids);
            Assert.Equal([1, 1, 1], sequences.Row(1));
        });
        Assert.All([logits, classes, numbers, bits, ids, mask], argument => Assert.False(argument.IsInvalid));
    }

    private static void Train(string name, int steps, Func<TransformerModel, (Action<int> Step, IDisposable Owner)> prepare)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        (Action<int> step, IDisposable owner) = prepare(model);
        using (owner)
            ProcessWide.LeavesNoTensors(steps, step);
    }

    private static (Action<int> Step, IDisposable Owner) FullTraining(TransformerModel model)
    {
        AdamW adam = new(model.TrainableParameters(), 1e-3);
        return (i => Step(model, adam, i, new ForwardContext()), adam);
    }

    private static (Action<int> Step, IDisposable Owner) AdapterTraining(TransformerModel model)
    {
        TinyLora lora = new(model, 1);
        AdamW adam = new(lora.Parameters, 1e-3);
        return (i => Step(model, adam, i, new ForwardContext { Adapter = TinyLora.Rows(lora, lora, lora), FreezeBase = true }), lora);
    }

    private static (Action<int> Step, IDisposable Owner) SoftPromptTraining(TransformerModel model, bool recompute)
    {
        FourKinds kinds = new(model);
        AdamW adam = new(kinds.Prompts.SelectMany(prompt => prompt.Parameters).Select(parameter => parameter.Value), 1e-3);
        int[][] rows = [[1, 2, 3], [0, 3, 1], [1, 1, 1], [2, 2, 2]];
        return (i =>
        {
            // First all kinds, the last one being that of the last step: what a backward pass returned lives until the next one.
            foreach (int step in i < 0 ? [6, 7, 8, 9] : new[] { i })
                Step(model, adam, step, kinds.View(rows[step % 4]) with { FreezeBase = true, GradientCheckpointing = recompute });
        }, kinds);
    }

    private static void Step(TransformerModel model, AdamW optimizer, int i, ForwardContext view)
    {
        using DropoutMasks dropout = new(seed: 1, step: i + 1, device: TestDevice.Device);
        using Batch batch = TinyFamilies.Batch(model, TinyFamilies.Rows(i, 4, 6, 2));
        using (NewDisposeScope())
        {
            optimizer.ZeroGrad();
            SupervisedLoss.Of(model, batch, view with { Dropout = dropout, CaptureHiddenStates = i % 2 == 0, CaptureAttentions = i % 2 == 0 }).backward();
            optimizer.Step();
        }
    }
}
