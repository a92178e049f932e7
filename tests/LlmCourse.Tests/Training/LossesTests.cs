using LlmCourse.Runtime;
using LlmCourse.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Training;

public sealed class LossesTests
{
    [SkippableFact]
    public void CrossEntropy_is_the_mean_over_positions_with_a_label()
    {
        using var scope = NewDisposeScope();
        // Probabilities (1/4, 3/4) and (1/2, 1/2); the third position has no label: −(ln 3/4 + ln 1/2) / 2.
        Tensor logits = tensor(new[] { 0f, MathF.Log(3), 5, 5, 9, -9 }, [1, 3, 2], device: TestDevice.Device), labels = tensor(new long[] { 1, 0, -100 }, [1, 3], device: TestDevice.Device);
        TensorAssert.Close([-(Math.Log(0.75) + Math.Log(0.5)) / 2], Losses.CrossEntropy(logits, labels));
        TensorAssert.Close([Math.Log(0.75), Math.Log(0.5), 0], Losses.LogProbabilities(logits, labels));
        Assert.True(double.IsNaN(Losses.CrossEntropy(logits, full([1, 3], -100, ScalarType.Int64, device: TestDevice.Device)).Number()));
    }

    [SkippableFact]
    public void What_stands_where_no_label_is_changes_neither_loss_nor_gradient()
    {
        using var scope = NewDisposeScope();
        foreach (Func<Tensor, Tensor, Tensor> loss in (Func<Tensor, Tensor, Tensor>[])[Losses.CrossEntropy, (logits, labels) => Losses.LogProbabilities(logits, labels).sum()])
        {
            Tensor labels = tensor(new long[] { 1, -100, 0 }, [1, 3], device: TestDevice.Device);
            Tensor clean = tensor(new[] { 0.5f, -1, 0, 0, 2, 1 }, [1, 3, 2], device: TestDevice.Device), dirty = clean.clone();
            dirty[0, 1].fill_(double.NaN);
            (clean.requires_grad, dirty.requires_grad) = (true, true);
            Tensor expected = loss(clean, labels), found = loss(dirty, labels);
            expected.backward();
            found.backward();
            TensorAssert.Same(expected, found);
            TensorAssert.Same(clean.grad!, dirty.grad!);
            TensorAssert.Close([0, 0], dirty.grad![0, 1]);
        }
    }

    [SkippableTheory]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16)]
    public void Half_precision_is_widened_first(ScalarType type)
    {
        using var scope = NewDisposeScope();
        Tensor logits = tensor(new[] { 20f, 3.5f, -1.25f, 8 }, [2, 2], device: TestDevice.Device), half = logits.to(type), labels = tensor(new long[] { 1, 0 }, device: TestDevice.Device);
        TensorAssert.Close(Losses.CrossEntropy(logits, labels), Losses.CrossEntropy(half, labels));
        TensorAssert.Close(Losses.LogProbabilities(logits, labels), Losses.LogProbabilities(half, labels));
        Tensor targets = tensor(new[] { 0.1f, 0.7f, 1, 0 }, [2, 2], device: TestDevice.Device);
        TensorAssert.Close(Losses.MeanSquaredError(logits, targets), Losses.MeanSquaredError(half, targets));
        TensorAssert.Close(Losses.BinaryCrossEntropy(logits, targets), Losses.BinaryCrossEntropy(half, targets));
    }

    [SkippableFact]
    public void MeanSquaredError_squares_differences()
    {
        using var scope = NewDisposeScope();
        TensorAssert.Close([(4 + 0.25) / 2], Losses.MeanSquaredError(tensor(new float[] { 1, 3 }, [2, 1], device: TestDevice.Device), tensor(new[] { 3, 2.5 }, device: TestDevice.Device)));
    }

    [SkippableFact]
    public void BinaryCrossEntropy_takes_each_label_by_itself()
    {
        using var scope = NewDisposeScope();
        // σ(0) = 1/2 with label 1, σ(ln 3) = 3/4 with label 0: −(ln 1/2 + ln 1/4) / 2.
        TensorAssert.Close([-(Math.Log(0.5) + Math.Log(0.25)) / 2], Losses.BinaryCrossEntropy(tensor(new[] { 0, MathF.Log(3) }, [1, 2], device: TestDevice.Device), tensor(new long[] { 1, 0 }, [1, 2], device: TestDevice.Device)));
    }

    [SkippableFact]
    public void Labels_of_another_shape_are_refused()
    {
        using var scope = NewDisposeScope();
        Tensor logits = zeros(2, 3, device: TestDevice.Device), two = zeros([2], ScalarType.Int64, device: TestDevice.Device), three = zeros([3], ScalarType.Int64, device: TestDevice.Device);
        Losses.CrossEntropy(logits, two).Dispose();
        foreach (Func<Tensor> loss in (Func<Tensor>[])[() => Losses.CrossEntropy(logits, three), () => Losses.LogProbabilities(logits, three), () => Losses.MeanSquaredError(logits, three), () => Losses.BinaryCrossEntropy(logits, three)])
            Assert.Equal("labels", Assert.Throws<ArgumentException>(() => loss().Dispose()).ParamName);
    }

    [SkippableFact]
    public void They_leave_nothing_behind_and_pass_gradients()
    {
        using Tensor logits = zeros([2, 2], requires_grad: true, device: TestDevice.Device), numbers = tensor(new long[] { 0, 1, 1, 0 }, [2, 2], device: TestDevice.Device), classes = tensor(new long[] { 0, 1 }, device: TestDevice.Device);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Losses.CrossEntropy(logits, classes).Dispose();
        Losses.LogProbabilities(logits, classes).Dispose();
        Losses.MeanSquaredError(logits, numbers).Dispose();
        Losses.BinaryCrossEntropy(logits, numbers).Dispose();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        using Tensor loss = Losses.CrossEntropy(logits, classes);
        loss.backward();
        TensorAssert.Close([-0.25, 0.25, 0.25, -0.25], logits.grad!); // (softmax − one-hot) / 2
    }
}
