using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Transformers;

/// <summary>Keys are numbers [B, T] here: one head of size 1; values are their negatives.</summary>
public sealed class KeyValueCacheTests
{
    private static readonly StackConfig Config = new() { Layers = 1, Heads = 1, HeadSize = 1, FeedForwardWidth = 1 };

    [SkippableFact]
    public void What_is_appended_comes_back_behind_what_was_there()
    {
        using var scope = NewDisposeScope();
        using KeyValueCache cache = new(Config, rows: 2, capacity: 4);
        Assert.Equal("1 2 | 3 4", Append(cache, [2, 2], [[1, 2], [3, 4]]));
        Assert.Equal("1 2 5 | 3 4 6", Append(cache, [1, 1], [[5], [6]]));
        Assert.Equal([3, 3], cache.Lengths);
        Assert.Equal(3, cache.Columns);
    }

    [SkippableFact]
    public void Values_are_kept_beside_keys()
    {
        using var scope = NewDisposeScope();
        using KeyValueCache cache = new(Config, rows: 1, capacity: 1);
        (_, Tensor values) = cache.Append(0, Keys([[7, 8]]), Keys([[7, 8]]).neg());
        Assert.Equal([-7, -8], values.reshape(-1).cpu().data<float>().ToArray());
    }

    [SkippableFact]
    public void Rows_of_different_length_are_written_each_behind_its_own_end()
    {
        using var scope = NewDisposeScope();
        using KeyValueCache cache = new(Config, rows: 2, capacity: 8);
        Append(cache, [3, 1], [[1, 2, 3], [4, 0, 0]]); // row 1 is padded
        Assert.Equal("1 2 3 5 6 | 4 7 8 0 0", Append(cache, [2, 2], [[5, 6], [7, 8]]));
        Assert.Equal([5, 3], cache.Lengths);
    }

    [SkippableFact]
    public void It_grows_beyond_its_capacity_and_keeps_what_it_has()
    {
        using var scope = NewDisposeScope();
        using KeyValueCache cache = new(Config, rows: 2, capacity: 1);
        Append(cache, [2, 1], [[1, 2], [3, 0]]);
        string all = "";
        for (int i = 10; i < 20; i++)
            all = Append(cache, [1, 1], [[i], [-i]]);
        Assert.Equal("1 2 10 11 12 13 14 15 16 17 18 19 | 3 -10 -11 -12 -13 -14 -15 -16 -17 -18 -19 0", all);
    }

    [SkippableFact]
    public void Truncated_rows_go_on_from_their_new_ends()
    {
        using var scope = NewDisposeScope();
        using KeyValueCache cache = new(Config, rows: 2, capacity: 8);
        Append(cache, [3, 3], [[1, 2, 3], [4, 5, 6]]);
        cache.Truncate([1, 2]);
        Assert.Equal("1 7 3 | 4 5 8", Append(cache, [1, 1], [[7], [8]]));
        Assert.Equal([2, 3], cache.Lengths);
    }

    [SkippableFact]
    public void Select_reorders_drops_and_multiplies_rows()
    {
        using var scope = NewDisposeScope();
        using KeyValueCache cache = new(Config, rows: 2, capacity: 4);
        Append(cache, [2, 1], [[1, 2], [3, 0]]);
        cache.Select([1, 0, 1]);
        Assert.Equal([1, 2, 1], cache.Lengths);
        Assert.Equal("3 5 0 | 1 2 6 | 3 7 0", Append(cache, [1, 1, 1], [[5], [6], [7]]));
    }

    [SkippableFact]
    public void A_fork_is_independent()
    {
        using var scope = NewDisposeScope();
        using KeyValueCache cache = new(Config, rows: 1, capacity: 4);
        Append(cache, [1], [[1]]);
        using KeyValueCache fork = cache.Fork();
        Assert.Equal("1 2", Append(cache, [1], [[2]]));
        Assert.Equal("1 3", Append(fork, [1], [[3]]));
        Assert.Equal("1 2 4", Append(cache, [1], [[4]]));
    }

    [SkippableFact]
    public void Cross_keys_are_made_once_and_one_prompt_serves_many_rows()
    {
        using var scope = NewDisposeScope();
        using KeyValueCache cache = new(Config, rows: 1, capacity: 4);
        int made = 0;
        (Tensor, Tensor) Make()
        {
            made++;
            return (Keys([[1, 2]]), Keys([[3, 4]]));
        }

        Append(cache, [1], [[1]]);
        cache.Cross(0, Make);
        cache.Select([0, 0, 0]);
        (Tensor keys, Tensor values) = cache.Cross(0, Make);
        Assert.Equal(1, made);
        Assert.Equal([3, 2, 1, 1], keys.shape);
        Assert.Equal(0, keys.stride(0)); // a view, not a copy
        Assert.Equal([3, 4, 3, 4, 3, 4], values.reshape(-1).cpu().data<float>().ToArray());
    }

    private static string Append(KeyValueCache cache, int[] counts, float[][] rows)
    {
        using Tensor keys = Keys(rows);
        using Tensor values = keys.neg();
        (Tensor all, Tensor other) = cache.Append(0, keys, values);
        cache.Advance(counts);
        using (all)
        using (other)
        {
            float[] flat = [.. all.reshape(-1).cpu().data<float>()];
            return string.Join(" | ", flat.Chunk(flat.Length / rows.Length).Select(row => string.Join(' ', row)));
        }
    }

    private static Tensor Keys(float[][] rows) => tensor(rows.SelectMany(row => row).ToArray(), [rows.Length, rows[0].Length, 1, 1], device: TestDevice.Device);
}
