using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Transformers;

public sealed class AttentionMaskTests
{
    private static AttentionMask Causal(int queries, int keys, params int[] offsets) =>
        new() { Queries = queries, Keys = keys, Offsets = offsets, Device = TestDevice.Device, Self = true, Causal = true };

    [SkippableFact]
    public void Plain_causal_and_plain_full_attention_need_no_mask()
    {
        using AttentionMask causal = Causal(3, 3, 0, 0);
        Assert.Equal(new AttentionMask.Lowered(null, true), causal.Lower(null));
        using AttentionMask full = new() { Queries = 3, Keys = 4, Offsets = [0], Device = TestDevice.Device };
        Assert.Equal(new AttentionMask.Lowered(null, false), full.Lower(null));
    }

    [SkippableFact]
    public void One_token_behind_a_cache_sees_everything_without_a_mask()
    {
        using AttentionMask mask = Causal(1, 5, 4, 4);
        Assert.Equal(new AttentionMask.Lowered(null, false), mask.Lower(null));
    }

    [SkippableFact]
    public void Several_tokens_behind_a_cache_see_it_and_themselves_in_turn()
    {
        using AttentionMask mask = Causal(2, 5, 3, 3);
        Assert.Equal(["11110 11111"], Rows(mask));
    }

    [SkippableFact]
    public void Ragged_rows_of_a_cache_are_masked_row_by_row()
    {
        using AttentionMask mask = Causal(1, 4, 3, 1);
        Assert.Equal(["1111", "1100"], Rows(mask));
    }

    [SkippableFact]
    public void A_window_counts_back_from_the_query_itself_included()
    {
        using AttentionMask mask = Causal(4, 4, 0);
        Assert.Equal(["1000 1100 0110 0011"], Rows(mask, window: 2));
        Assert.True(mask.Lower(4).Causal); // a window that reaches everything is none
    }

    [SkippableFact]
    public void A_window_of_an_encoder_reaches_as_far_ahead_as_back()
    {
        using AttentionMask mask = new() { Queries = 4, Keys = 4, Offsets = [0], Device = TestDevice.Device, Self = true };
        Assert.Equal(["1100 1110 0111 0011"], Rows(mask, window: 2));
    }

    [SkippableFact]
    public void A_window_counts_in_the_cache_too()
    {
        using AttentionMask mask = Causal(2, 6, 4, 1); // rows that hold 4 and 1
        Assert.Equal(["000110 000011", "110000 011000"], Rows(mask, window: 2));
    }

    [SkippableFact]
    public void Padding_on_the_left_is_hidden_and_sees_only_itself()
    {
        using AttentionMask mask = new() { Queries = 3, Keys = 3, Offsets = [0, 0], Device = TestDevice.Device, Self = true, Causal = true, Starts = [0, 2] };
        Assert.Equal(["100 110 111", "100 010 001"], Rows(mask));
    }

    [SkippableFact]
    public void Padding_on_the_right_is_hidden_from_an_encoder_with_one_line_for_all_queries()
    {
        using AttentionMask mask = new() { Queries = 3, Keys = 3, Offsets = [0, 0], Device = TestDevice.Device, Self = true, Ends = [3, 1] };
        Assert.Equal(["111", "100"], Rows(mask));
    }

    [SkippableFact]
    public void Cross_attention_hides_padding_also_where_there_are_as_many_queries_as_keys()
    {
        using AttentionMask mask = new() { Queries = 3, Keys = 3, Offsets = [0, 0], Device = TestDevice.Device, Starts = [0, 1], Ends = [2, 3] };
        Assert.Equal(["110", "011"], Rows(mask));
    }

    [SkippableFact]
    public void Segments_see_only_themselves()
    {
        int[,] segments = { { 0, 0, 1, 1 } };
        using AttentionMask causal = new() { Queries = 4, Keys = 4, Offsets = [0], Device = TestDevice.Device, Self = true, Causal = true, Segments = segments };
        Assert.Equal(["1000 1100 0010 0011"], Rows(causal));
        using AttentionMask full = new() { Queries = 4, Keys = 4, Offsets = [0], Device = TestDevice.Device, Self = true, Segments = segments };
        Assert.Equal(["1100 1100 0011 0011"], Rows(full));
    }

    [SkippableFact]
    public void Padding_behind_packed_sequences_of_an_encoder_sees_itself_so_that_no_row_is_empty()
    {
        int[,] segments = { { 0, 1, 2 } }; // the last is padding
        using AttentionMask mask = new() { Queries = 3, Keys = 3, Offsets = [0], Device = TestDevice.Device, Self = true, Segments = segments, Ends = [2] };
        Assert.Equal(["100 010 001"], Rows(mask));
    }

    [SkippableFact]
    public void Virtual_tokens_in_front_are_seen_by_every_segment()
    {
        int[,] segments = { { -1, -1, 0, 1 } };
        using AttentionMask packed = new() { Queries = 4, Keys = 4, Offsets = [0], Device = TestDevice.Device, Self = true, Causal = true, Segments = segments };
        Assert.Equal(["1000 1100 1110 1101"], Rows(packed));
        int[,] behindKeys = { { 0, 1 }, { 0, 0 } };
        using AttentionMask keys = new() { Queries = 2, Keys = 4, Offsets = [2, 2], Device = TestDevice.Device, Self = true, Causal = true, Starts = [0, 1], Segments = behindKeys };
        Assert.Equal(["1110 1101", "0110 0111"], Rows(keys));
    }

    [SkippableFact]
    public void To_a_window_virtual_tokens_stand_right_in_front_of_every_segment()
    {
        // Two virtual tokens, then two sequences of two: the second's first token is as far from them as the first's.
        int[,] segments = { { -1, -1, 0, 0, 1, 1 } };
        using AttentionMask packed = new() { Queries = 6, Keys = 6, Offsets = [0], Device = TestDevice.Device, Self = true, Causal = true, Segments = segments };
        Assert.Equal(["100000 110000 011000 001100 010010 000011"], Rows(packed, 2));
        Assert.Equal(["100000 110000 111000 011100 110010 010011"], Rows(packed, 3));
    }

    [SkippableFact]
    public void A_bias_is_added_and_what_is_hidden_becomes_minus_infinity()
    {
        using AttentionMask mask = new()
        {
            Queries = 2,
            Keys = 2,
            Offsets = [0],
            Device = TestDevice.Device,
            Self = true,
            Causal = true,
            Bias = tensor(new float[] { 1, 2, 3, 4 }, [1, 1, 2, 2], device: TestDevice.Device).DetachFromDisposeScope(),
        };
        Assert.Equal([1, float.NegativeInfinity, 3, 4], mask.Lower(null).Tensor!.cpu().data<float>().ToArray());
    }

    [SkippableFact]
    public void As_numbers_visible_is_zero_and_hidden_minus_infinity()
    {
        using var scope = NewDisposeScope();
        Tensor scores = zeros(1, 1, 2, 2, device: TestDevice.Device);
        float[] expected = [0, float.NegativeInfinity, 0, 0];
        Assert.Equal(expected, new AttentionMask.Lowered(null, true).AsFloat(scores)!.cpu().data<float>().ToArray());
        Tensor visible = tensor(new[] { true, false, true, true }, [1, 1, 2, 2], device: TestDevice.Device);
        Assert.Equal(expected, new AttentionMask.Lowered(visible, false).AsFloat(scores)!.cpu().data<float>().ToArray());
        Assert.Null(new AttentionMask.Lowered(null, false).AsFloat(scores));
    }

    // One string for each row of the batch: its queries, 1 where a key is visible.
    private static string[] Rows(AttentionMask mask, int? window = null)
    {
        Tensor visible = mask.Lower(window).Tensor!;
        bool[] flat = visible.cpu().data<bool>().ToArray();
        long rows = visible.size(0), queries = visible.size(2), keys = visible.size(3);
        return [.. flat.Chunk((int)(queries * keys)).Select(row => string.Join(' ', row.Chunk((int)keys).Select(query => string.Concat(query.Select(sees => sees ? '1' : '0')))))];
    }
}
