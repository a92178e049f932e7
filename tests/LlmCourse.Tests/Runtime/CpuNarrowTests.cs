using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Runtime;

public sealed class CpuNarrowTests
{
    public static TheoryData<int, int, int> Shapes()
    {
        TheoryData<int, int, int> shapes = [];
        foreach (int rows in new[] { 1, 2, 7, 64, 129 })
        {
            foreach (int width in new[] { 1, 8, 19, 96 })
            {
                foreach (int rank in new[] { 1, 3, 8, 13 })
                    shapes.Add(rows, width, rank);
            }
        }

        return shapes;
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Equals_the_products_it_stands_for(int rows, int width, int rank)
    {
        using var scope = NewDisposeScope();
        Generator generator = new(1);
        Tensor Random(long first, long second) => randn([first, second], ScalarType.Float32, CPU, generator: generator);
        Tensor wide = Random(rows, width), narrow = Random(rows, rank), other = Random(rank, width);

        (Tensor inner, Tensor outer) = CpuNarrow.Both(wide, narrow, other, 0.5);

        Close(wide, other.t(), 0.5, inner);
        Close(narrow.t(), wide, 1, outer);
        Close(wide, other.t(), 2, CpuNarrow.Inner(wide, other, 2));
        Close(narrow.t(), wide, 1, CpuNarrow.Outer(narrow, wide));
    }

    [Fact]
    public void Gives_the_same_bits_for_any_number_of_threads()
    {
        using var scope = NewDisposeScope();
        Tensor wide = randn([515, 200], ScalarType.Float32, CPU), narrow = randn([515, 8], ScalarType.Float32, CPU), other = randn([8, 200], ScalarType.Float32, CPU);
        int threads = get_num_threads();
        try
        {
            set_num_threads(1);
            (Tensor inner, Tensor outer) = CpuNarrow.Both(wide, narrow, other, 1);
            set_num_threads(4);
            (Tensor innerAgain, Tensor outerAgain) = CpuNarrow.Both(wide, narrow, other, 1);

            Assert.True(inner.equal(innerAgain).all().IsTrue());
            Assert.True(outer.equal(outerAgain).all().IsTrue());
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    // A sum's rounding is bounded by a multiple of the sum of its terms' sizes: here of some 8 roundings one behind the other.
    private static void Close(Tensor left, Tensor right, double scale, Tensor actual)
    {
        Tensor expected = left.to(ScalarType.Float64).mm(right.to(ScalarType.Float64)).Times(scale);
        Tensor bound = left.abs().mm(right.abs()).Times(1e-6 * scale);
        Assert.True(expected.sub(actual).abs().le(bound).all().IsTrue());
    }
}
