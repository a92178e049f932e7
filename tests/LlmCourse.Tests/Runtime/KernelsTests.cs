using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Runtime;

/// <summary>Every faster form equals the plain one, which records a gradient and therefore never takes it. They are forms for the CPU, so all is there.</summary>
public sealed class KernelsTests
{
    [Theory]
    [InlineData(1, 576, 1024, true)]
    [InlineData(1, 5, 3, true)]
    [InlineData(2, 33, 7, false)]
    [InlineData(3, 64, 6, true)]
    [InlineData(5, 70, 9, true)]
    [InlineData(8, 576, 130, false)]
    [InlineData(9, 16, 4, true)]
    public void Products_of_few_rows(int rows, int inner, int outer, bool biased)
    {
        using var scope = NewDisposeScope();
        Tensor x = Random(1, rows, inner), weight = Random(2, outer, inner);
        Tensor? bias = biased ? Random(3, outer) : null;
        Close(nn.functional.linear(x, weight, bias), Kernels.Linear(x, weight, bias), 1e-4);
        Assert.Equal([rows, 1, outer], Kernels.Linear(x.unsqueeze(1), weight, bias).shape);
    }

    [Fact]
    public void Products_of_views_read_their_own_rows()
    {
        using var scope = NewDisposeScope();
        Tensor x = Random(1, 4, 40).narrow(1, 8, 16), weight = Random(2, 12, 16);
        Close(nn.functional.linear(x, weight, null), Kernels.Linear(x, weight, null), 1e-5);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(19)]
    [InlineData(64)]
    public void Root_mean_squares(int size)
    {
        using var scope = NewDisposeScope();
        Tensor x = Random(1, 3, 5, size), weight = Random(2, size);
        Close(Kernels.RmsNorm(Recorded(x), weight, 1e-6), Kernels.RmsNorm(x, weight, 1e-6), 1e-5);
    }

    [Theory]
    [InlineData(16, 16, 1)]
    [InlineData(10, 10, 3)]
    [InlineData(20, 8, 3)]
    public void Rotations(int size, int rotated, int angleRows)
    {
        using var scope = NewDisposeScope();
        Tensor wide = Random(1, 3, 4, 2, size + 6), x = wide.narrow(3, 2, size); // strided
        Tensor angles = Random(2, angleRows, 4, 1, rotated / 2), cos = angles.cos(), sin = angles.sin();
        Close(Kernels.Rotate(Recorded(x), cos, sin), Kernels.Rotate(x, cos, sin), 1e-6);
    }

    [Fact]
    public void Gates()
    {
        using var scope = NewDisposeScope();
        Tensor both = Random(1, 2, 3, 42).mul(20), gate = both.narrow(2, 0, 21), up = both.narrow(2, 21, 21);
        Close(Kernels.GatedSilu(Recorded(gate), up), Kernels.GatedSilu(gate, up), 1e-4);
    }

    [Theory]
    [InlineData(1, 2, false)]
    [InlineData(1, 1, true)]
    [InlineData(4, 2, true)]
    [InlineData(9, 2, false)]
    public void Attention_over_a_cache(int queries, int batch, bool masked)
    {
        using var scope = NewDisposeScope();
        const int keys = 21, heads = 6, size = 16;
        Tensor q = Random(1, batch, queries, heads, size).transpose(1, 2);
        Tensor k = Random(2, batch, keys + 5, 2, size).narrow(1, 0, keys).transpose(1, 2), v = Random(3, batch, keys + 5, 2, size).narrow(1, 0, keys).transpose(1, 2);
        Tensor? mask = null;
        if (masked)
        {
            mask = ones([batch, 1, queries, keys], ScalarType.Bool);
            mask[.., .., 0, 3..9] = tensor(false);
            mask[0, 0, queries - 1] = tensor(false); // sees nothing: zeros, as torch gives
        }

        Close(Kernels.Attention(Recorded(q), k, v, mask, false, 0.3), Kernels.Attention(q, k, v, mask, false, 0.3), 1e-5);
    }

    [Fact]
    public void Attention_of_many_rows_over_one()
    {
        using var scope = NewDisposeScope();
        Tensor q = Random(1, 3, 4, 1, 8), k = Random(2, 1, 4, 7, 8), v = Random(3, 1, 4, 7, 8);
        Tensor apart = Kernels.Attention(Recorded(q), k.expand(3, -1, -1, -1), v.expand(3, -1, -1, -1), null, false, 0.5);
        Close(apart, Kernels.Attention(q, k, v, null, false, 0.5), 1e-5);
        Close(apart, Kernels.Attention(Recorded(q), k, v, null, false, 0.5), 1e-5);
    }

    private static Tensor Random(int seed, params long[] shape)
    {
        using Generator generator = new((ulong)seed, CPU);
        return randn(shape, device: CPU, generator: generator);
    }

    private static Tensor Recorded(Tensor x) => x.detach().requires_grad_();

    private static void Close(Tensor expected, Tensor actual, double tolerance)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.InRange(expected.sub(actual).abs().max().Number(), 0, tolerance);
    }
}
