using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Runtime;

public sealed class ScriptTests
{
    [Fact]
    public void Attention_is_the_same_in_many_threads()
    {
        Parallel.For(0, 64, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            using var scope = NewDisposeScope();
            using IDisposable grad = i % 3 == 0 ? enable_grad() : no_grad();
            for (int round = 0; round < 12; round++)
            {
                int length = 1 + ((i + round) % 5), heads = i % 2 == 0 ? 4 : 2;
                Tensor q = randn([2, 4, length, 8], requires_grad: i % 3 == 0), k = randn(2, heads, length, 8), v = randn(2, heads, length, 8);
                bool masked = round % 2 == 0;
                Tensor? mask = masked ? ones([1, 1, length, length], ScalarType.Bool).tril() : null;
                Tensor result = Script.Attention(q, k, v, mask, causal: !masked, 0.3);
                Tensor wide = k.repeat_interleave(4 / heads, 1), scores = q.matmul(wide.transpose(2, 3)).mul(0.3)
                    .masked_fill(ones([length, length], ScalarType.Bool).triu(1), float.NegativeInfinity);
                TinyFamilies.Close(scores.softmax(-1).matmul(v.repeat_interleave(4 / heads, 1)), result, 1e-5);
            }
        });
    }

    [Fact]
    public async Task Numbers_survive_a_garbage_collection_during_the_call()
    {
        using CancellationTokenSource stop = new();
        Task collecting = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        });
        using Tensor q = randn(1, 2, 3, 8);
        using Tensor first = Script.Attention(q, q, q, null, causal: true, 0.3);
        for (int i = 0; i < 3_000; i++)
        {
            using Tensor again = Script.Attention(q, q, q, null, causal: true, 0.3);
            Assert.True(first.equal(again).all().ToBoolean());
        }

        await stop.CancelAsync();
        await collecting;
    }

    [Fact]
    public void A_version_counts_writes_through_any_view()
    {
        using Tensor whole = zeros(4, 2), part = whole.narrow(0, 1, 2);
        long before = Script.Version(whole);
        Assert.Equal(before, Script.Version(part));
        part.add_(1).Dispose();
        Assert.True(Script.Version(whole) > before);
    }
}
