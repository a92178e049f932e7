using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Training;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Tests.Training;

/// <summary>Sequences packed into one row train as they would each in a row of its own.</summary>
public sealed class PackedLossTests
{
    [SkippableTheory]
    [MemberData(nameof(TinyFamilies.Decoders), MemberType = typeof(TinyFamilies))]
    public void Packed_equals_unpacked_in_loss_and_gradient(string name)
    {
        using TransformerModel model = TinyFamilies.Model(name);
        int[][] rows = TinyFamilies.Rows(4, 5, 9, 1, 7, 3);
        using Batch apart = Batch.ForDecoder(rows, device: TestDevice.Device);
        using Batch packed = Packed([[rows[0], rows[1], rows[2]], [rows[3], rows[4]]]);
        (double loss, Dictionary<string, Tensor> gradients) = Gradients(model, apart);
        (double packedLoss, Dictionary<string, Tensor> packedGradients) = Gradients(model, packed);
        Assert.Equal(loss, packedLoss, 1e-5);
        foreach ((string parameter, Tensor gradient) in gradients)
            TinyFamilies.Close(gradient, packedGradients[parameter], 1e-5 * (1 + gradient.abs().max().Number()), parameter);
    }

    [SkippableFact]
    public void A_row_may_be_longer_than_the_context_where_its_sequences_are_not()
    {
        using TransformerModel model = TinyFamilies.Model("gpt2"); // 64 positions
        int[][] rows = TinyFamilies.Rows(4, 60, 50);
        using Batch apart = Batch.ForDecoder(rows, device: TestDevice.Device), packed = Packed([[rows[0], rows[1]]]);
        using Tensor expected = SupervisedLoss.Of(model, apart, ForwardContext.Evaluation), loss = SupervisedLoss.Of(model, packed, ForwardContext.Evaluation);
        Assert.Equal(expected.Number(), loss.Number(), 1e-5);

        using Batch tooLong = Packed([[rows[0], TinyFamilies.Rows(4, 65)[0]]]);
        Assert.Throws<SequenceTooLongException>(() => SupervisedLoss.Of(model, tooLong, ForwardContext.Evaluation));
    }

    private static Batch Packed(int[][][] rows)
    {
        using Batch labels = Batch.ForDecoder([.. rows.Select(row => row.SelectMany(part => part).ToArray())], device: TestDevice.Device);
        return new Batch(Sequences.Packed(rows, device: TestDevice.Device), labels: labels.Labels!.clone());
    }

    private static (double Loss, Dictionary<string, Tensor> Gradients) Gradients(TransformerModel model, Batch batch)
    {
        foreach (Parameter parameter in model.TrainableParameters())
            parameter.grad = null;
        using Tensor loss = SupervisedLoss.Of(model, batch, ForwardContext.Evaluation);
        loss.backward();
        return (loss.Number(), model.NamedParameters.Where(entry => entry.Parameter.grad is not null)
            .ToDictionary(entry => entry.Name, entry => entry.Parameter.grad!.clone()));
    }
}
