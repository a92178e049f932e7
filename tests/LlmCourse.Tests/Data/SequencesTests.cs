using LlmCourse.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Data;

public sealed class SequencesTests
{
    [SkippableTheory]
    [InlineData(false, new long[] { 1, 2, 3, 4, 9, 9 }, new[] { 0, 0 })]
    [InlineData(true, new long[] { 1, 2, 3, 9, 9, 4 }, new[] { 0, 2 })]
    public void Rows_are_padded_to_the_longest(bool left, long[] ids, int[] starts)
    {
        using Sequences sequences = Sequences.FromRows([[1, 2, 3], [4]], padId: 9, padLeft: left, device: TestDevice.Device);
        Assert.Equal(ids, sequences.Ids.cpu().data<long>().ToArray());
        Assert.Equal((2, 3), (sequences.Count, sequences.Width));
        Assert.Equal(starts, sequences.Starts);
        Assert.Equal([3, 1], sequences.Lengths);
        Assert.False(sequences.IsDense);
        Assert.Equal([4], sequences.Row(1));
        Assert.Equal((1, 9), (sequences.MinimumId, sequences.MaximumId)); // padding is looked up as well
    }

    [SkippableFact]
    public void Positions_count_real_tokens()
    {
        using Sequences left = Sequences.FromRows([[1, 2, 3], [4]], padLeft: true, device: TestDevice.Device), packed = Sequences.Packed([[[1, 2], [3]], [[4]]], device: TestDevice.Device);
        Assert.Equal(new[,] { { 0, 1, 2 }, { 0, 0, 0 } }, left.PositionNumbers());
        Assert.Equal(new[,] { { 0, 1, 0 }, { 0, 0, 1 } }, packed.PositionNumbers());
        Assert.Equal(new[,] { { 0, 0, 1 }, { 0, 1, 1 } }, packed.Segments);
    }

    [SkippableFact]
    public void Tensors_with_a_mask_are_read_as_rows()
    {
        using Tensor ids = tensor(new long[] { 7, 1, 2, 3, 4, 7 }, [2, 3], device: TestDevice.Device), mask = tensor(new long[] { 0, 1, 1, 1, 1, 0 }, [2, 3], device: TestDevice.Device);
        using Sequences sequences = Sequences.FromTensors(ids, mask);
        Assert.Equal([1, 0], sequences.Starts);
        Assert.Equal([2, 2], sequences.Lengths);
        Assert.Equal([1, 2], sequences.Row(0));
        ids.zero_();
        Assert.Equal([3, 4], sequences.Row(1)); // copied
    }

    [SkippableTheory]
    [InlineData(new long[] { 1, 0, 1 })]
    [InlineData(new long[] { 0, 0, 0 })]
    [InlineData(new long[] { 1, 2, 0 })]
    public void A_mask_must_be_one_run(long[] mask)
    {
        using Tensor ids = zeros([1, 3], ScalarType.Int64, device: TestDevice.Device), ones = tensor(mask, [1, 3], device: TestDevice.Device);
        Assert.Contains("Row 0", Assert.Throws<ArgumentException>(() => Sequences.FromTensors(ids, ones)).Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void What_is_no_batch_is_refused()
    {
        using Tensor flat = zeros([3], ScalarType.Int64, device: TestDevice.Device), two = zeros([1, 2], ScalarType.Int64, device: TestDevice.Device), three = zeros([1, 3], ScalarType.Int64, device: TestDevice.Device), real = zeros([1, 3], device: TestDevice.Device), none = zeros([0, 3], ScalarType.Int64, device: TestDevice.Device);
        Refused("rows", () => Sequences.FromRows([]));
        Refused("rows", () => Sequences.FromRows([[1], []]));
        Refused("tokenTypes", () => Sequences.FromRows([[1], [2]], tokenTypes: [[0]]));
        Refused("tokenTypes", () => Sequences.FromRows([[1, 2]], tokenTypes: [[0]]));
        Refused("rows", () => Sequences.Packed([[[1], []]]));
        Refused("rows", () => Sequences.Packed([[]]));
        Refused("ids", () => Sequences.FromTensors(flat));
        Refused("ids", () => Sequences.FromTensors(none));
        Refused("ids", () => Sequences.FromTensors(real));
        Refused("attentionMask", () => Sequences.FromTensors(three, two));
        Refused("tokenTypes", () => Sequences.FromTensors(three, null, two));
        static void Refused(string parameter, Func<Sequences> make) => Assert.Equal(parameter, Assert.Throws<ArgumentException>(() => make().Dispose()).ParamName);
    }
}
