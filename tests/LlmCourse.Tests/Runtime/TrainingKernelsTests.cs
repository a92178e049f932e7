using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Training;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Tests.Runtime;

/// <summary>Kernels with gradients of their own are the plain forms, which torch differentiates. On the CPU: they exist nowhere else.</summary>
[Collection(ProcessWide.Name)]
public sealed class TrainingKernelsTests
{
    [Theory]
    [InlineData(3, 5, 16)]
    [InlineData(1, 1, 13)]
    [InlineData(4, 33, 40)]
    public void Norms_gates_and_rotations_have_the_gradients_of_their_plain_forms(int batch, int width, int size)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        Tensor[] Leaves(params long[][] shapes) => [.. shapes.Select(shape => randn(shape, generator: generator).requires_grad_())];
        Same(Leaves([batch, width, size], [size]), leaves => Kernels.RmsNorm(leaves[0], leaves[1], 1e-5));
        Same(Leaves([batch, width, size], [batch, width, size]), leaves => Kernels.GatedSilu(leaves[0], leaves[1]));
        Same(Leaves([batch, width, size], [batch, width, size], [7, size]), leaves => Kernels.GatedSiluLinear(leaves[0], leaves[1], leaves[2]));
        Tensor cos = randn([1, width, 1, size / 2 / 2], generator: generator), sin = randn(cos.shape, generator: generator);
        Same(Leaves([batch, width, 3, size]), leaves => Kernels.Rotate(leaves[0], cos, sin)); // part of each head turns
        Same(Leaves([batch, width, size]), leaves => Kernels.Rotate(leaves[0].view(batch, width, 1, size), cos, sin).transpose(1, 2)); // a gradient that is not contiguous
    }

    [Theory]
    [MemberData(nameof(TinyFamilies.All), MemberType = typeof(TinyFamilies))]
    public void A_model_has_the_gradients_of_the_plain_forms_over_several_batches(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using Batch first = TinyFamilies.Batch(model, TinyFamilies.Rows(3, 4, 7, 2)), second = TinyFamilies.Batch(model, TinyFamilies.Rows(4, 6, 3));
        Dictionary<string, Tensor> Gradients()
        {
            foreach (Parameter parameter in model.TrainableParameters())
                parameter.grad = null;
            using var scope = NewDisposeScope();
            foreach (Batch batch in (Batch[])[first, second])
                SupervisedLoss.Of(model, batch, ForwardContext.Evaluation).backward();
            return model.NamedParameters.Where(entry => entry.Parameter.grad is not null).ToDictionary(entry => entry.Name, entry => entry.Parameter.grad!.clone().DetachFromDisposeScope());
        }

        Dictionary<string, Tensor> fast = Gradients(), plain = Plainly(Gradients);
        Assert.Equal(plain.Keys.Order(), fast.Keys.Order());
        foreach ((string parameter, Tensor gradient) in plain)
            TinyFamilies.Close(gradient, fast[parameter], 2e-5 * (1 + gradient.abs().max().Number()), parameter);
    }

    [Theory]
    [InlineData("t5")] // tied
    [InlineData("llama")] // not tied
    public void A_retained_graph_gives_the_same_gradient_again(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using Batch batch = TinyFamilies.Batch(model, TinyFamilies.Rows(3, 4, 7, 2));
        using var scope = NewDisposeScope();
        (Tensor loss, _) = SupervisedLoss.Sum(model, batch, ForwardContext.Evaluation);
        loss.backward(retain_graph: true);
        Dictionary<string, Tensor> once = model.NamedParameters.Where(entry => entry.Parameter.grad is not null).ToDictionary(entry => entry.Name, entry => entry.Parameter.grad!.clone());
        loss.backward();
        foreach ((string parameter, Tensor gradient) in once)
            TinyFamilies.Close(gradient.mul(2), model.NamedParameters.Single(entry => entry.Name == parameter).Parameter.grad!, 1e-4 * (1 + gradient.abs().max().Number()), parameter);
    }

    private static void Same(Tensor[] leaves, Func<Tensor[], Tensor> kernel)
    {
        Tensor[] Run()
        {
            foreach (Tensor leaf in leaves)
                leaf.grad = null;
            Tensor result = kernel(leaves);
            result.mul(result).sum().backward();
            return [result.detach().clone(), .. leaves.Select(leaf => leaf.grad!.clone())];
        }

        Tensor[] fast = Run(), plain = Plainly(Run);
        foreach ((Tensor expected, Tensor found) in plain.Zip(fast))
            TensorAssert.Close(expected, found, 2e-5 * (1 + expected.abs().max().Number()));
    }

    private static T Plainly<T>(Func<T> work)
    {
        Kernels.Fast = false;
        try
        {
            return work();
        }
        finally
        {
            Kernels.Fast = true;
        }
    }
}
