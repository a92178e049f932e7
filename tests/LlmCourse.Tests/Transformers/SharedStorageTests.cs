using LlmCourse.Checkpoints;
using LlmCourse.Data;
using LlmCourse.Tests.Checkpoints;
using LlmCourse.Training;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Tests.Transformers;

/// <summary>Ties and shared storage survive everything that happens to weights, and nothing derived from them goes stale.</summary>
public sealed class SharedStorageTests
{
    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.All), MemberType = typeof(TinyFamilies))]
    public void Fused_products_equal_separate_ones(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using Batch batch = TinyFamilies.Batch(model, TinyFamilies.Rows(1, 6, 4));
        using Tensor separate = model.Logits(batch);
        Assert.True(separate.requires_grad);
        using Tensor fused = WithoutGradient(model, batch), frozen = model.Logits(batch, new ForwardContext { FreezeBase = true });
        Assert.False(frozen.requires_grad);
        TinyFamilies.Close(separate, fused, 1e-5);
        TinyFamilies.SameBits(fused, frozen);
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.All), MemberType = typeof(TinyFamilies))]
    public void Nothing_is_stale_behind_an_optimizer_step_or_a_move(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using Batch batch = TinyFamilies.Batch(model, TinyFamilies.Rows(1, 6, 4));
        using Tensor before = WithoutGradient(model, batch);
        for (int round = 0; round < 2; round++)
        {
            Step(model, batch);
            Fresh(model, batch);
            model.To(type: ScalarType.Float64);
            model.To(type: ScalarType.Float32);
            Fresh(model, batch);
        }

        using Tensor after = WithoutGradient(model, batch);
        Assert.True(TinyFamilies.Difference(before, after) > 1e-3);
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.All), MemberType = typeof(TinyFamilies))]
    public void Ties_survive_a_change_of_type_a_step_and_the_disk(string name)
    {
        using Pretrained pretrained = TinyFamilies.Load(name);
        TransformerModel model = pretrained.Model;
        string[] names = [.. model.NamedParameters.Select(entry => entry.Name)];
        long count = model.ParameterCount;
        Dictionary<string, Tensor> values = model.NamedParameters.ToDictionary(entry => entry.Name, entry => entry.Parameter.detach().clone());
        model.To(type: ScalarType.Float64);
        Assert.All(model.NamedParameters, entry => Assert.Equal(ScalarType.Float64, entry.Parameter.dtype));
        model.To(type: ScalarType.Float32);
        Assert.All(model.NamedParameters, entry => TinyFamilies.SameBits(values[entry.Name], entry.Parameter, entry.Name));
        foreach (Tensor value in values.Values)
            value.Dispose();

        using Batch batch = TinyFamilies.Batch(model, TinyFamilies.Rows(1, 6, 4));
        Step(model, batch);
        Assert.Equal(names, model.NamedParameters.Select(entry => entry.Name));
        Assert.Equal(count, model.ParameterCount);
        AllShare(model);

        using TemporaryFolder folder = new();
        pretrained.Write(folder.Path, maxShardBytes: 20_000);
        using Pretrained again = Pretrained.FromFolder(folder.Path, device: TestDevice.Device);
        Assert.Equal(count, again.Model.ParameterCount);
        AllShare(again.Model);
        using Tensor expected = WithoutGradient(model, batch), read = WithoutGradient(again.Model, batch);
        TinyFamilies.SameBits(expected, read);
        Step(again.Model, batch);
        Fresh(again.Model, batch);
    }

    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.All), MemberType = typeof(TinyFamilies))]
    public void Frozen_parameters_stay_frozen_when_moved(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        HashSet<string> frozen = [];
        foreach ((string parameterName, Parameter parameter) in model.NamedParameters.Where((_, i) => i % 2 == 0))
        {
            parameter.requires_grad = false;
            frozen.Add(parameterName);
        }

        model.To(type: ScalarType.Float64);
        Assert.All(model.NamedParameters, entry => Assert.Equal(!frozen.Contains(entry.Name), entry.Parameter.requires_grad));
    }

    // A write through a part is seen in the storage that inference multiplies by.
    private static void AllShare(TransformerModel model)
    {
        using var noGrad = no_grad();
        foreach (var group in model.Store.Groups)
        {
            for (int i = 0; i < group.Parts.Count; i++)
            {
                using Tensor part = group.Whole.narrow(0, group.Rows.Take(i).Sum(), group.Rows[i]);
                TinyFamilies.SameBits(part, group.Parts[i], group.Names[i]);
                long version = group.Version;
                group.Parts[i].mul_(1);
                Assert.True(group.Version > version, group.Names[i]);
                group.Parts[i].add_(1);
                TinyFamilies.SameBits(part, group.Parts[i], group.Names[i]);
                group.Parts[i].sub_(1);
            }
        }
    }

    private static void Fresh(TransformerModel model, Batch batch)
    {
        using Tensor withGradient = model.Logits(batch), without = WithoutGradient(model, batch);
        TinyFamilies.Close(withGradient, without, 1e-5);
    }

    private static Tensor WithoutGradient(TransformerModel model, Batch batch)
    {
        using var noGrad = no_grad();
        return model.Logits(batch);
    }

    private static void Step(TransformerModel model, Batch batch)
    {
        using AdamW adam = new(model.TrainableParameters(), 1e-2);
        using var scope = NewDisposeScope();
        adam.ZeroGrad();
        SupervisedLoss.Of(model, batch, ForwardContext.Evaluation).backward();
        adam.Step();
    }
}
