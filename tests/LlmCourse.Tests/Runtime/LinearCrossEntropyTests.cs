using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Runtime;

public sealed class LinearCrossEntropyTests
{
    [Fact]
    public void It_is_the_sum_of_negative_log_probabilities()
    {
        using var scope = NewDisposeScope();
        // x = (1, 0) picks the first column of W: logits (0, ln 3), so label 1 has probability 3/4. The second row: (ln 3, 0) + b = (ln 3, ln 3): 1/2.
        Tensor x = eye(2), weight = tensor(new[] { 0, MathF.Log(3), MathF.Log(3), 0 }, [2, 2]), bias = zeros(2);
        TensorAssert.Close([-Math.Log(0.75) - Math.Log(0.25)], LinearCrossEntropy.Sum(x, weight, bias, tensor(new long[] { 1, 1 }), null));
    }

    // 3,000 rows × 2,000 tokens are two chunks; a small case is one. In double precision only the order of sums differs.
    [Theory]
    [InlineData(5, 7, 3, false, null)]
    [InlineData(5, 7, 3, true, 2.0)]
    [InlineData(3000, 2000, 4, true, null)]
    [InlineData(3000, 2000, 4, false, 1.5)]
    public void Loss_and_gradients_are_those_of_the_plain_form(int rows, int vocabulary, int width, bool biased, double? softcap)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3);
        Tensor labels = randint(0, vocabulary, [rows], ScalarType.Int64, generator: generator);
        Tensor Leaf(params long[] shape) => randn(shape, ScalarType.Float64, generator: generator).requires_grad_();
        Tensor[] leaves = biased ? [Leaf(rows, width), Leaf(vocabulary, width), Leaf(vocabulary)] : [Leaf(rows, width), Leaf(vocabulary, width)];
        Tensor? bias = biased ? leaves[2] : null;

        Tensor logits = nn.functional.linear(leaves[0], leaves[1], bias);
        if (softcap is { } cap)
            logits = logits.div(cap).tanh().mul(cap);
        Tensor expected = Kernels.CrossEntropySum(logits, labels);
        expected.div(3).backward();
        Tensor[] gradients = [.. leaves.Select(leaf => leaf.grad!.clone())];
        foreach (Tensor leaf in leaves)
            leaf.grad = null;

        Tensor sum = LinearCrossEntropy.Sum(leaves[0], leaves[1], bias, labels, softcap);
        TensorAssert.Close(expected, sum, 1e-8);
        sum.div(3).backward();
        for (int i = 0; i < leaves.Length; i++)
            TensorAssert.Close(gradients[i], leaves[i].grad!, 1e-10);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public void Only_what_wants_a_gradient_gets_one(bool states, bool weights)
    {
        using var scope = NewDisposeScope();
        Tensor x = ones(2, 3).requires_grad_(states), weight = eye(3).requires_grad_(weights), labels = tensor(new long[] { 0, 2 });
        Tensor sum = LinearCrossEntropy.Sum(x, weight, null, labels, null);
        Assert.Equal(states || weights, sum.requires_grad);
        if (states || weights)
            sum.backward();
        Assert.Equal((states, weights), (x.grad is not null, weight.grad is not null));
        TensorAssert.Close([2 * Math.Log(3)], sum);
    }

    [Fact]
    public void Half_precision_keeps_its_sums_in_single()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(5);
        Tensor x = randn([64, 8], generator: generator), weight = randn([50, 8], generator: generator), labels = randint(0, 50, [64], ScalarType.Int64, generator: generator);
        Tensor half = weight.to(ScalarType.BFloat16).requires_grad_(), states = x.to(ScalarType.BFloat16).requires_grad_();
        Tensor wide = half.detach().to(ScalarType.Float32).requires_grad_();
        Tensor expected = LinearCrossEntropy.Sum(states.detach().to(ScalarType.Float32), wide, null, labels, null);
        Tensor sum = LinearCrossEntropy.Sum(states, half, null, labels, null);
        Assert.Equal(ScalarType.Float32, sum.dtype);
        expected.backward();
        sum.backward();
        Assert.Equal(ScalarType.BFloat16, half.grad!.dtype);
        // Logits are rounded to 8 bits (2⁻⁸ of a few units each).
        TensorAssert.Close(expected.div(64), sum.div(64), 0.02);
        TensorAssert.Close(wide.grad!.div(64), half.grad!.to(ScalarType.Float32).div(64), 0.005);
    }

    [Fact]
    public void It_leaves_nothing_behind()
    {
        using Tensor x = ones(4, 3).requires_grad_(), weight = eye(3).requires_grad_(), labels = tensor(new long[] { 0, 2, 1, 1 });
        using (NewDisposeScope())
            LinearCrossEntropy.Sum(x, weight, null, labels, null).backward();
        x.grad?.Dispose();
        weight.grad?.Dispose();
        (x.grad, weight.grad) = (null, null);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        using (NewDisposeScope())
            LinearCrossEntropy.Sum(x, weight, null, labels, null).backward();
        (x.grad, weight.grad) = (null, null);
        Assert.InRange(DisposeScopeManager.Statistics.ThreadTotalLiveCount - before, -4, 0);
    }
}
