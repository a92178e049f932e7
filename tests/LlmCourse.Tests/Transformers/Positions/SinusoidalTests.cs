using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Transformers.Positions;

public sealed class SinusoidalTests
{
    [SkippableFact]
    public void Sines_stand_at_even_places_and_cosines_at_odd_ones()
    {
        using PositionTable table = Sinusoidal.Table(4);
        Tensor rows = table.AtLeast(4, ScalarType.Float32, TestDevice.Device);
        using Tensor first = rows[0], third = rows[3];
        TensorAssert.Close([0, 1, 0, 1], first);
        TensorAssert.Close([Math.Sin(3), Math.Cos(3), Math.Sin(0.03), Math.Cos(0.03)], third); // 10000^(2/4) = 100
    }

    [SkippableFact]
    public void A_table_is_kept_and_grows_when_more_is_asked_of_it()
    {
        using PositionTable table = Sinusoidal.Table(2);
        Tensor small = table.AtLeast(10, ScalarType.Float32, TestDevice.Device), large = table.AtLeast(600, ScalarType.Float32, TestDevice.Device);
        Assert.Same(small, table.AtLeast(100, ScalarType.Float32, TestDevice.Device));
        Assert.True(large.size(0) >= 600);
        using Tensor start = large.narrow(0, 0, small.size(0));
        TensorAssert.Same(small, start);
        Assert.Equal(ScalarType.BFloat16, table.AtLeast(10, ScalarType.BFloat16, TestDevice.Device).dtype);
    }
}
