using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Training;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Tests.Transformers;

[Collection(ProcessWide.Name)]
public sealed class RecomputedBlockTests
{
    [Theory]
    [MemberData(nameof(TinyFamilies.All), MemberType = typeof(TinyFamilies))]
    public void Loss_and_gradients_are_bit_for_bit_the_same_with_dropout(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        using Batch batch = TinyFamilies.Batch(model, TinyFamilies.Rows(3, 4, 7, 2));
        (float loss, Dictionary<string, Tensor> gradients) = Gradients(model, batch, recompute: false);
        (float again, Dictionary<string, Tensor> recomputed) = Gradients(model, batch, recompute: true);
        Assert.Equal(loss, again);
        Assert.Equal(gradients.Keys, recomputed.Keys);
        foreach ((string parameter, Tensor gradient) in gradients)
            // A gradient that comes from several blocks (a relative bias, an encoder's states) is summed in another order.
            TinyFamilies.Close(gradient, recomputed[parameter], 1e-6 * (1 + gradient.abs().max().Number()), parameter);
    }

    [Theory]
    [MemberData(nameof(TinyFamilies.LanguageModels), MemberType = typeof(TinyFamilies))]
    public void A_frozen_embedding_still_trains_the_blocks(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        model.SetTrainable(false, "embeddings.*");
        using Batch batch = TinyFamilies.Batch(model, TinyFamilies.Rows(3, 4, 7, 2));
        Dictionary<string, Tensor> gradients = Gradients(model, batch, recompute: false).Gradients, recomputed = Gradients(model, batch, recompute: true).Gradients;
        Assert.DoesNotContain("embeddings.tokens.weight", recomputed.Keys);
        Assert.Equal(gradients.Keys, recomputed.Keys);
    }

    [Fact]
    public void Steps_leave_no_tensor()
    {
        using TransformerModel model = TinyFamilies.Model("bart");
        using Batch batch = TinyFamilies.Batch(model, TinyFamilies.Rows(3, 4, 7, 2));
        ProcessWide.LeavesNoTensors(5, step =>
        {
            using DropoutMasks dropout = new(1, step);
            using (NewDisposeScope())
                SupervisedLoss.Of(model, batch, new ForwardContext { Dropout = dropout, GradientCheckpointing = true }).backward();
            foreach (Parameter parameter in model.TrainableParameters())
                parameter.grad = null;
        });
    }

    private static (float Loss, Dictionary<string, Tensor> Gradients) Gradients(TransformerModel model, Batch batch, bool recompute)
    {
        foreach (Parameter parameter in model.TrainableParameters())
            parameter.grad = null;
        using var scope = NewDisposeScope();
        using DropoutMasks dropout = new(5, 1);
        using Tensor loss = SupervisedLoss.Of(model, batch, new ForwardContext { Dropout = dropout, GradientCheckpointing = recompute });
        loss.backward();
        return (loss.ToSingle(), model.NamedParameters.Where(entry => entry.Parameter.grad is not null)
            .ToDictionary(entry => entry.Name, entry => entry.Parameter.grad!.clone().DetachFromDisposeScope()));
    }
}
