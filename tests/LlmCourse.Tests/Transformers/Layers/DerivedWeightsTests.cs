using LlmCourse.Checkpoints;
using LlmCourse.Tests.Checkpoints;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Transformers.Layers;

public sealed class DerivedWeightsTests
{
    [SkippableFact]
    public void It_is_made_once_and_again_behind_every_write()
    {
        using ParameterStore store = Store(out Weights weights);
        int made = 0;
        DerivedWeights derived = weights.Derive(whole =>
        {
            made++;
            return whole.mul(2);
        });

        Assert.Equal(0, made);
        Check(1);
        Check(1);

        using (var sgd = optim.SGD(weights.Parts, 0.1))
        {
            using var scope = NewDisposeScope();
            weights.Parts[1].sum().backward(); // one part of two: the whole is written to
            sgd.step();
        }

        Check(2);
        Check(2);

        using TemporaryFolder folder = new();
        SafetensorsWriter.Write(folder["w.safetensors"], [PendingWeight.Of("w", full([2], 7f, device: CPU))]);
        using (SafetensorsFile file = SafetensorsFile.Open(folder["w.safetensors"]))
            file.CopyTo("w", weights.Parts[0]);
        Check(3);

        store.To(ScalarType.Float32, TestDevice.Device); // where they are
        Check(3);
        Tensor old = derived.Value;
        store.To(ScalarType.Float64, TestDevice.Device);
        Assert.True(old.IsInvalid);
        Check(4);
        Assert.Equal(ScalarType.Float64, derived.Value.dtype);
        store.To(ScalarType.Float32, TestDevice.Device);
        Check(5);

        void Check(int times)
        {
            using var scope = NewDisposeScope();
            TensorAssert.Same(weights.Whole.mul(2), derived.Value);
            Assert.False(derived.Value.requires_grad);
            Assert.Equal(times, made);
        }
    }

    [SkippableFact]
    public void Threads_that_ask_at_once_get_one_copy()
    {
        using ParameterStore store = Store(out Weights weights);
        int made = 0;
        DerivedWeights derived = weights.Derive(whole =>
        {
            Interlocked.Increment(ref made);
            return whole.add(1);
        });
        for (int round = 1; round <= 20; round++)
        {
            using (no_grad())
                weights.Parts[0].fill_(round);
            Tensor[] got = new Tensor[4];
            Thread[] threads = [.. got.Select((_, i) => new Thread(() => got[i] = derived.Value))];
            Array.ForEach(threads, thread => thread.Start());
            Array.ForEach(threads, thread => thread.Join());
            Assert.All(got, copy => Assert.Same(derived.Value, copy));
            Assert.Equal(round, made);
            TensorAssert.Close([round + 1, round + 1, 4, 5], derived.Value, 0);
        }
    }

    [SkippableFact]
    public void It_ends_with_the_weights()
    {
        ParameterStore store = Store(out Weights weights);
        Tensor copy = weights.Derive(whole => whole.add(1)).Value;
        Assert.False(copy.IsInvalid);
        store.Dispose();
        Assert.True(copy.IsInvalid);
    }

    // Parts (1, 2) and (3, 4).
    private static ParameterStore Store(out Weights weights)
    {
        ParameterStore store = new(ScalarType.Float32, TestDevice.Device);
        weights = store.Add(["a", "b"], [2, 2], []);
        using var noGrad = no_grad();
        using Tensor values = tensor(new float[] { 1, 2, 3, 4 }, device: TestDevice.Device);
        weights.Whole.copy_(values);
        return store;
    }
}
