using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Tests.Transformers;
using LlmCourse.Training;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Training;

public sealed class SupervisedLossTests
{
    [SkippableFact]
    public void A_decoders_token_is_compared_with_the_prediction_before_it()
    {
        using TransformerModel model = Tiny.Model(Tiny.Decoder());
        using Batch batch = Batch.ForDecoder([[3, 4, 5], [6, 7]], promptLengths: [2, 0], device: TestDevice.Device);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Tensor log = model.Logits(batch).log_softmax(-1);
        // Row 0 has the label 5 at column 2; row 1 has 6 and 7, and nothing stands before 6.
        double expected = -(log[0, 1, 5].Number() + log[1, 0, 7].Number()) / 2;
        TensorAssert.Close([expected], SupervisedLoss.Of(model, batch, ForwardContext.Evaluation), 1e-5);
    }

    [SkippableFact]
    public void Padding_and_packing_change_nothing()
    {
        using TransformerModel model = Tiny.Model(Tiny.Decoder(stack => stack with { Positions = new PositionConfig { Kind = PositionKind.Rotary } }));
        int[][] rows = [[3, 4, 5], [6, 7]];
        using Tensor labels = tensor(new long[] { 3, 4, 5, -100, 6, 7 }, [2, 3], device: TestDevice.Device), packedLabels = tensor(new long[] { 3, 4, 5, 6, 7 }, [1, 5], device: TestDevice.Device);
        using Batch right = Batch.ForDecoder(rows, device: TestDevice.Device);
        using Batch left = new(Sequences.FromRows(rows, padLeft: true, device: TestDevice.Device), labels: labels.alias());
        using Batch packed = new(Sequences.Packed([rows], device: TestDevice.Device), labels: packedLabels.alias());
        using var scope = NewDisposeScope();
        Tensor expected = SupervisedLoss.Of(model, right, ForwardContext.Evaluation);
        TensorAssert.Close(expected, SupervisedLoss.Of(model, left, ForwardContext.Evaluation), 1e-5);
        TensorAssert.Close(expected, SupervisedLoss.Of(model, packed, ForwardContext.Evaluation), 1e-5);
    }

    [SkippableFact]
    public void The_head_and_the_labels_decide_which_loss_it_is()
    {
        using Sequences input = Sequences.FromRows([[3, 4], [5, 6]], device: TestDevice.Device);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Check(new HeadConfig { Kind = HeadKind.SequenceClassification, Labels = 1 }, tensor(new[] { 0.5f, 1 }, device: TestDevice.Device), Losses.MeanSquaredError);
        Check(new HeadConfig { Kind = HeadKind.SequenceClassification, Labels = 3 }, tensor(new long[] { 2, 0 }, device: TestDevice.Device), Losses.CrossEntropy);
        Check(new HeadConfig { Kind = HeadKind.SequenceClassification, Labels = 3 }, ones(2, 3, device: TestDevice.Device), Losses.BinaryCrossEntropy);
        Check(new HeadConfig { Kind = HeadKind.SequenceClassification, Labels = 2, Problem = ProblemType.Regression }, ones(2, 2, device: TestDevice.Device), Losses.MeanSquaredError);
        Check(new HeadConfig { Kind = HeadKind.TokenClassification, Labels = 3 }, tensor(new long[] { 2, 0, -100, 1 }, [2, 2], device: TestDevice.Device), Losses.CrossEntropy);

        void Check(HeadConfig head, Tensor labels, Func<Tensor, Tensor, Tensor> loss)
        {
            using TransformerModel model = Tiny.Model(Tiny.Encoder() with { Head = head });
            Batch batch = new(input, labels: labels);
            TensorAssert.Close(loss(model.Logits(batch), labels), SupervisedLoss.Of(model, batch, ForwardContext.Evaluation), 1e-5);
        }
    }

    [SkippableTheory]
    [InlineData(20, "Label 20 is outside the vocabulary of 20")]
    [InlineData(-7, "Label -7 is outside the vocabulary of 20")]
    [InlineData(Batch.Ignore, "No position of the batch has a label")]
    public void Labels_outside_the_vocabulary_and_none_at_all_are_refused(long label, string message)
    {
        using TransformerModel model = Tiny.Model(Tiny.Decoder());
        using Batch batch = new(Sequences.FromRows([[3, 4]], device: TestDevice.Device), labels: tensor(new[] { Batch.Ignore, label }, [1, 2], device: TestDevice.Device));
        ArgumentException error = Assert.Throws<ArgumentException>(() => SupervisedLoss.Of(model, batch, ForwardContext.Evaluation));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Labels_that_do_not_fit_are_refused()
    {
        using TransformerModel model = Tiny.Model(Tiny.Decoder());
        using Batch none = new(Sequences.FromRows([[3, 4, 5]], device: TestDevice.Device)), shifted = new(Sequences.FromRows([[3, 4, 5]], device: TestDevice.Device), labels: zeros([1, 2], ScalarType.Int64, device: TestDevice.Device)), single = Batch.ForDecoder([[3]], device: TestDevice.Device);
        Assert.Contains("no labels", Assert.Throws<ArgumentException>(() => SupervisedLoss.Of(model, none, ForwardContext.Evaluation)).Message, StringComparison.Ordinal);
        Assert.Contains("[1, 3]", Assert.Throws<ArgumentException>(() => SupervisedLoss.Of(model, shifted, ForwardContext.Evaluation)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => SupervisedLoss.Of(model, single, ForwardContext.Evaluation));
    }
}
