using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Runtime;

public sealed class OneDnnTests
{
    [SkippableTheory]
    [InlineData(16, 64, 64, false)]
    [InlineData(37, 576, 200, true)]
    [InlineData(512, 128, 1536, true)]
    public void Equals_torchs_product(int rows, int inner, int columns, bool biased)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Tensor x = randn([2, rows, inner], ScalarType.Float32, CPU), weight = randn([columns, inner], ScalarType.Float32, CPU);
        Tensor? bias = biased ? randn([columns], ScalarType.Float32, CPU) : null;
        Tensor? actual = OneDnn.Linear(x, weight, bias);
        Skip.If(actual is null, "torch's own product is as good on this processor");

        Close(nn.functional.linear(x, weight, bias), actual);
        Tensor slope = randn([rows, columns], ScalarType.Float32, CPU);
        Close(slope.mm(weight), OneDnn.Linear(slope, weight.t(), null)!);
        Tensor part = randn([columns + 7, inner], ScalarType.Float32, CPU).narrow(0, 5, columns);
        Close(nn.functional.linear(x, part, null), OneDnn.Linear(x, part, null)!);
    }

    [Fact]
    public void Leaves_small_products_to_others()
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();

        Assert.Null(OneDnn.Linear(randn([4, 64], ScalarType.Float32, CPU), randn([64, 64], ScalarType.Float32, CPU), null));
        Assert.Null(OneDnn.Linear(randn([64, 8], ScalarType.Float32, CPU), randn([64, 8], ScalarType.Float32, CPU), null));
        Assert.Null(OneDnn.Linear(randn([64, 64], ScalarType.Float64, CPU), randn([64, 64], ScalarType.Float64, CPU), null));
    }

    private static void Close(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.InRange(expected.sub(actual).abs().max().ToSingle(), 0, 5e-4f); // of sums of up to 1,536 terms of size 1
    }
}
