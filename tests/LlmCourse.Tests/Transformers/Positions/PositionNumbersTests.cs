using LlmCourse.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Transformers.Positions;

public sealed class PositionNumbersTests
{
    [SkippableFact]
    public void Rows_from_the_left_edge_are_one_run()
    {
        using Sequences sequences = Sequences.FromRows([[5, 6, 7], [8]], device: TestDevice.Device);
        PositionNumbers numbers = PositionNumbers.Of(sequences, 0, null);
        Assert.True(numbers.IsRun);
        Assert.Equal((0, 3, 2), (numbers.Start, numbers.Width, numbers.Maximum));
        Assert.Equal("0 1 2", Show(numbers));
    }

    [SkippableFact]
    public void Left_padding_does_not_count()
    {
        using Sequences sequences = Sequences.FromRows([[5, 6, 7], [8]], padLeft: true, device: TestDevice.Device);
        PositionNumbers numbers = PositionNumbers.Of(sequences, 0, null);
        Assert.False(numbers.IsRun);
        Assert.Equal("0 1 2 | 0 0 0", Show(numbers));
    }

    [SkippableFact]
    public void Behind_a_cache_each_row_counts_on()
    {
        using Sequences sequences = Sequences.FromRows([[5, 6], [8, 9]], device: TestDevice.Device);
        Assert.Equal("4 5", Show(PositionNumbers.Of(sequences, 0, [4, 4])));
        PositionNumbers ragged = PositionNumbers.Of(sequences, 0, [4, 1]);
        Assert.Equal("4 5 | 1 2", Show(ragged));
        Assert.Equal(5, ragged.Maximum);
    }

    [SkippableFact]
    public void Virtual_tokens_stand_in_front()
    {
        using Sequences padded = Sequences.FromRows([[5, 6], [8]], padLeft: true, device: TestDevice.Device);
        Assert.Equal("0 1 2 3 | 0 1 2 2", Show(PositionNumbers.Of(padded, 2, null)));
    }

    [SkippableFact]
    public void Packed_sequences_start_again_and_need_no_longer_table_than_their_longest()
    {
        using Sequences packed = Sequences.Packed([[[5, 6], [7, 8, 9]], [[1]]], device: TestDevice.Device);
        PositionNumbers numbers = PositionNumbers.Of(packed, 0, null);
        Assert.Equal(2, numbers.Maximum);
        Assert.Equal("0 1 0 1 2 | 0 0 1 2 2", Show(numbers, length: 3));
    }

    [SkippableFact]
    public void Columns_that_are_padding_in_every_row_may_lie_behind_the_table()
    {
        using Tensor ids = zeros([1, 5], ScalarType.Int64, device: TestDevice.Device);
        using Tensor mask = tensor(new long[] { 1, 1, 1, 0, 0 }, [1, 5], device: TestDevice.Device);
        using Sequences sequences = Sequences.FromTensors(ids, mask);
        PositionNumbers numbers = PositionNumbers.Of(sequences, 0, null);
        Assert.Equal(3, numbers.Needed);
        Assert.Equal("0 1 2 2 2", Show(numbers, length: 3));
    }

    [SkippableFact]
    public void An_offset_shifts_the_rows_of_the_table()
    {
        using Sequences sequences = Sequences.FromRows([[5, 6]], device: TestDevice.Device);
        using Tensor table = arange(10, ScalarType.Float32, device: TestDevice.Device).view(10, 1);
        using Tensor rows = PositionNumbers.Of(sequences, 0, null).Rows(table, offset: 2);
        Assert.Equal([2, 3], rows.reshape(-1).cpu().data<float>().ToArray());
    }

    private static string Show(PositionNumbers numbers, int length = 16)
    {
        using var scope = NewDisposeScope();
        Tensor rows = numbers.Rows(arange(length, ScalarType.Float32, device: TestDevice.Device).view(length, 1));
        return string.Join(" | ", Enumerable.Range(0, (int)rows.size(0)).Select(r => string.Join(' ', rows[r].reshape(-1).cpu().data<float>().ToArray())));
    }
}
