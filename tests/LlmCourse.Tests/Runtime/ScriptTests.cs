using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Runtime;

/// <summary>Alone: TorchSharp's own numbers do not outlive a collection (x + 1 makes one), so others must not run beside the collector.</summary>
[Collection(ProcessWide.Name)]
public sealed class ScriptTests
{
    [SkippableFact]
    public void Attention_is_the_same_in_many_threads()
    {
        Device device = TestDevice.Device;
        Parallel.For(0, 64, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            using var scope = NewDisposeScope();
            using IDisposable grad = i % 3 == 0 ? enable_grad() : no_grad();
            for (int round = 0; round < 12; round++)
            {
                int length = 1 + ((i + round) % 5), heads = i % 2 == 0 ? 4 : 2;
                Tensor q = randn([2, 4, length, 8], device: device, requires_grad: i % 3 == 0), k = randn(2, heads, length, 8, device: device), v = randn(2, heads, length, 8, device: device);
                bool masked = round % 2 == 0;
                Tensor? mask = masked ? ones([1, 1, length, length], ScalarType.Bool, device).tril() : null;
                Tensor result = Script.Attention(q, k, v, mask, causal: !masked, 0.3);
                Tensor wide = k.repeat_interleave(4 / heads, 1), scores = q.matmul(wide.transpose(2, 3)).mul(0.3)
                    .masked_fill(ones([length, length], ScalarType.Bool, device).triu(1), float.NegativeInfinity);
                TinyFamilies.Close(scores.softmax(-1).matmul(v.repeat_interleave(4 / heads, 1)), result, 1e-5);
            }
        });
    }

    [SkippableFact]
    public void Arguments_outlive_a_collection_during_the_call()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Tensor q = ones(1, 1, 1, 8, device: TestDevice.Device), k = q.clone(), v = q.clone();
        using CancellationTokenSource done = new();
        Thread collector = new(() =>
        {
            while (!done.IsCancellationRequested)
            {
                GC.Collect(0);
                GC.WaitForPendingFinalizers();
            }
        });
        collector.Start();
        try
        {
            for (int i = 0; i < 20_000; i++)
                Script.Attention(q, k, v, null, causal: false, 0.3).Dispose();
        }
        finally
        {
            done.Cancel();
            collector.Join();
        }
    }
}
