using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Training;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Tests.Transformers;

/// <summary>Layers that share weights are layers with equal weights, whose gradients add up.</summary>
public sealed class LayerGroupsTests
{
    private static readonly int[][] Rows = [[3, 4, 5, 6], [7, 8]];

    // 6 layers of 2 groups of 1: 0 0 0 1 1 1; of 1 group of 2: 0 1 0 1 0 1
    [SkippableTheory]
    [InlineData(2, 1, false)]
    [InlineData(1, 2, false)]
    [InlineData(1, 2, true)]
    public void They_are_layers_with_equal_weights(int groups, int size, bool recompute)
    {
        TransformerConfig apart = Tiny.Encoder(stack => stack with { Layers = 6 }) with { Head = new HeadConfig { Kind = HeadKind.MaskedLanguageModel } };
        TransformerConfig shared = apart with { Encoder = apart.Encoder! with { LayerGroups = groups, GroupSize = size } };
        using TransformerModel one = Tiny.Model(shared), many = Tiny.Model(apart, seed: 2);
        Dictionary<string, Parameter> own = one.NamedParameters.ToDictionary(entry => entry.Name, entry => entry.Parameter);
        string Own(string name) => name.Split('.') is ["encoder", var layer, ..] parts && int.TryParse(layer, out int number)
            ? string.Join('.', [parts[0], $"{shared.Encoder!.WeightsOf(number)}", .. parts[2..]]) : name;
        using (no_grad())
        {
            foreach ((string name, Parameter parameter) in many.NamedParameters)
                parameter.copy_(own[Own(name)]);
        }

        using Batch batch = Batch.ForDecoder(Rows, device: TestDevice.Device);
        ForwardContext context = new() { GradientCheckpointing = recompute };
        using Tensor first = SupervisedLoss.Of(one, batch, context), second = SupervisedLoss.Of(many, batch, ForwardContext.Evaluation);
        Assert.Equal(second.Number(), first.Number(), 1e-5);
        first.backward();
        second.backward();
        foreach (IGrouping<string, Parameter> parts in many.NamedParameters.GroupBy(entry => Own(entry.Name), entry => entry.Parameter))
        {
            using var scope = NewDisposeScope();
            Tensor sum = parts.Select(part => part.grad!).Aggregate((total, next) => total.add(next));
            TinyFamilies.Close(sum, own[parts.Key].grad!, 1e-4 * (1 + sum.abs().max().Number()), parts.Key);
        }

        Assert.Equal(2, one.NamedParameters.Count(entry => entry.Name.EndsWith("self.q.weight", StringComparison.Ordinal)));
        Assert.Equal(one.NamedParameters.Count(), one.NamedParameters.DistinctBy(entry => entry.Name).Count());
    }

    [SkippableFact]
    public void Groups_that_do_not_fit_are_refused()
    {
        foreach ((int groups, int size) in new[] { (0, 1), (3, 1), (1, 0), (1, 3), (2, 2) })
        {
            ArgumentException error = Assert.Throws<ArgumentException>(() => Tiny.Encoder(stack => stack with { LayerGroups = groups, GroupSize = size }).Validate());
            Assert.Contains("Encoder.", error.Message, StringComparison.Ordinal);
        }
    }
}
