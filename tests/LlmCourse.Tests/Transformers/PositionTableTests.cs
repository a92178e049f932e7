using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Transformers;

public sealed class PositionTableTests
{
    [SkippableFact]
    public void A_table_is_made_once_for_each_length_and_type()
    {
        int made = 0;
        using PositionTable table = new(2, (position, row) =>
        {
            made++;
            row.Fill(position);
        });
        using Tensor elsewhere = zeros(1, device: TestDevice.Device);
        Tensor first = table.AtLeast(5, ScalarType.Float32, TestDevice.Device);
        int once = made;
        Assert.Same(first, table.AtLeast(once, ScalarType.Float32, elsewhere.device));
        Assert.Equal(once, made);
        Assert.Equal([4f, 4f], first[4].cpu().data<float>().ToArray());

        Tensor longer = table.AtLeast(once + 1, ScalarType.Float32, TestDevice.Device);
        Assert.True(longer.size(0) > once);
        Assert.Equal(ScalarType.Float64, table.AtLeast(5, ScalarType.Float64, TestDevice.Device).dtype);
        Assert.Equal([4f, 4f], first[4].cpu().data<float>().ToArray());
    }
}
