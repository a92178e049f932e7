using LlmCourse.Adapters;
using LlmCourse.Data;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Transformers.Positions;

public sealed class PositionNumbersTests
{
    [SkippableFact]
    public void Rows_from_the_left_edge_are_one_run()
    {
        using Sequences sequences = Sequences.FromRows([[5, 6, 7], [8]], device: TestDevice.Device);
        PositionNumbers numbers = Of(sequences);
        Assert.True(numbers.IsRun);
        Assert.Equal((0, 3, 2), (numbers.Start, numbers.Width, numbers.Maximum));
        Assert.Equal("0 1 2", Show(numbers));
    }

    [SkippableFact]
    public void Left_padding_does_not_count()
    {
        using Sequences sequences = Sequences.FromRows([[5, 6, 7], [8]], padLeft: true, device: TestDevice.Device);
        PositionNumbers numbers = Of(sequences);
        Assert.False(numbers.IsRun);
        Assert.Equal("0 1 2 | 0 0 0", Show(numbers));
    }

    [SkippableFact]
    public void Behind_a_cache_each_row_counts_on()
    {
        using Sequences sequences = Sequences.FromRows([[5, 6], [8, 9]], device: TestDevice.Device);
        Assert.Equal("4 5", Show(Of(sequences, [4, 4])));
        PositionNumbers ragged = Of(sequences, [4, 1]);
        Assert.Equal("4 5 | 1 2", Show(ragged));
        Assert.Equal(5, ragged.Maximum);
    }

    [SkippableFact]
    public void Virtual_tokens_stand_in_front_and_leave_no_padding_on_the_left()
    {
        using Sequences padded = Sequences.FromRows([[5, 6], [8]], padLeft: true, device: TestDevice.Device);
        using Tensor embeddings = zeros([2, 1], device: TestDevice.Device);
        using PromptTuning prompt = new(embeddings, 2);
        Assert.Equal("0 1 2 3", Show(PositionNumbers.Of(new Columns(padded, new(prompt)), [0, 0])));
        Columns columns = new(padded, new([null, prompt]));
        Assert.Equal((3, 3), (columns.Width, PositionNumbers.Of(columns, [0, 0]).Width));
        Assert.Equal("4 5 5 | 1 2 3", Show(PositionNumbers.Of(columns, [4, 1])));
    }

    [SkippableFact]
    public void Packed_sequences_start_again_and_need_no_longer_table_than_their_longest()
    {
        using Sequences packed = Sequences.Packed([[[5, 6], [7, 8, 9]], [[1]]], device: TestDevice.Device);
        PositionNumbers numbers = Of(packed);
        Assert.Equal(2, numbers.Maximum);
        Assert.Equal("0 1 0 1 2 | 0 0 1 2 2", Show(numbers, length: 3));
    }

    [SkippableFact]
    public void Columns_that_are_padding_in_every_row_may_lie_behind_the_table()
    {
        using Tensor ids = zeros([1, 5], ScalarType.Int64, device: TestDevice.Device);
        using Tensor mask = tensor(new long[] { 1, 1, 1, 0, 0 }, [1, 5], device: TestDevice.Device);
        using Sequences sequences = Sequences.FromTensors(ids, mask);
        PositionNumbers numbers = Of(sequences);
        Assert.Equal(3, numbers.Needed);
        Assert.Equal("0 1 2 2 2", Show(numbers, length: 3));
    }

    [SkippableFact]
    public void An_offset_shifts_the_rows_of_the_table()
    {
        using Sequences sequences = Sequences.FromRows([[5, 6]], device: TestDevice.Device);
        using Tensor table = arange(10, ScalarType.Float32, device: TestDevice.Device).view(10, 1);
        using Tensor rows = Of(sequences).Rows(table, offset: 2);
        Assert.Equal([2, 3], rows.reshape(-1).cpu().data<float>().ToArray());
    }

    private static PositionNumbers Of(Sequences sequences, int[]? past = null) => PositionNumbers.Of(new Columns(sequences, null), past ?? new int[sequences.Count]);

    private static string Show(PositionNumbers numbers, int length = 16)
    {
        using var scope = NewDisposeScope();
        Tensor rows = numbers.Rows(arange(length, ScalarType.Float32, device: TestDevice.Device).view(length, 1));
        return string.Join(" | ", Enumerable.Range(0, (int)rows.size(0)).Select(r => string.Join(' ', rows[r].reshape(-1).cpu().data<float>().ToArray())));
    }
}
