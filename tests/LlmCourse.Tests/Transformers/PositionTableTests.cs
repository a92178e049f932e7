using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Transformers;

public sealed class PositionTableTests
{
    [Fact]
    public void A_table_is_made_once_for_each_length_and_type()
    {
        int made = 0;
        using PositionTable table = new(2, (position, row) =>
        {
            made++;
            row.Fill(position);
        });
        using Tensor elsewhere = zeros(1);
        Tensor first = table.AtLeast(5, ScalarType.Float32, CPU);
        int once = made;
        Assert.Same(first, table.AtLeast(once, ScalarType.Float32, elsewhere.device));
        Assert.Equal(once, made);
        Assert.Equal([4f, 4f], first[4].data<float>().ToArray());

        Tensor longer = table.AtLeast(once + 1, ScalarType.Float32, CPU);
        Assert.True(longer.size(0) > once);
        Assert.Equal(ScalarType.Float64, table.AtLeast(5, ScalarType.Float64, CPU).dtype);
        Assert.Equal([4f, 4f], first[4].data<float>().ToArray());
    }
}
