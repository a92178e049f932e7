namespace LlmCourse.Data;

/// <summary>
/// Which examples stand in which row of which batch of an epoch: a function of their lengths, the options, the seed and the
/// epoch. Every example is there once.
/// </summary>
internal static class BatchPlan
{
    private const int BatchesSortedAtOnce = 50;
    private const int ExamplesPackedAtOnce = 1024;

    // What a seed is used for here, so that two uses in one epoch differ.
    private const long UsesPerEpoch = 2, Orders = 0, BatchOrders = 1;

    /// <summary>Batches of rows of examples: numbers into <paramref name="lengths"/>.</summary>
    /// <param name="lengths">The tokens of each example.</param>
    /// <param name="options">How many rows, whether packed, grouped, shuffled.</param>
    /// <param name="rowLength">The tokens a packed row may have.</param>
    /// <param name="seed">Of the order.</param>
    /// <param name="epoch">From 0.</param>
    public static int[][][] Of(IReadOnlyList<int> lengths, BatchOptions options, int rowLength, long seed, int epoch)
    {
        int[] order = options.Shuffle ? EpochOrder.Of(seed, (epoch * UsesPerEpoch) + Orders, lengths.Count) : [.. Enumerable.Range(0, lengths.Count)];
        if (options.GroupByLength)
            order = [.. order.Chunk(BatchesSortedAtOnce * options.Size).SelectMany(chunk => chunk.OrderByDescending(example => lengths[example]))];
        IEnumerable<int[]> rows = options.Packing
            ? order.Chunk(ExamplesPackedAtOnce).SelectMany(chunk => Pack(chunk, lengths, rowLength))
            : order.Select(example => (int[])[example]);
        int[][][] batches = [.. rows.Chunk(options.Size)];
        return options.GroupByLength && options.Shuffle
            ? Array.ConvertAll(EpochOrder.Of(seed, (epoch * UsesPerEpoch) + BatchOrders, batches.Length), batch => batches[batch])
            : batches;
    }

    /// <summary>Best fit, longest first: each example goes where it leaves the least room. Rows stand in the order of their first example.</summary>
    internal static List<int[]> Pack(IReadOnlyList<int> examples, IReadOnlyList<int> lengths, int capacity)
    {
        List<(List<int> Places, int Left)> rows = [];
        foreach (int place in Enumerable.Range(0, examples.Count).OrderByDescending(place => lengths[examples[place]]))
        {
            int length = lengths[examples[place]], best = -1;
            for (int row = 0; row < rows.Count; row++)
            {
                if (rows[row].Left >= length && (best < 0 || rows[row].Left < rows[best].Left))
                    best = row;
            }

            if (best < 0)
            {
                rows.Add(([place], capacity - length));
            }
            else
            {
                rows[best].Places.Add(place);
                rows[best] = (rows[best].Places, rows[best].Left - length);
            }
        }

        return [.. rows.OrderBy(row => row.Places.Min()).Select(row => row.Places.Order().Select(place => examples[place]).ToArray())];
    }
}
