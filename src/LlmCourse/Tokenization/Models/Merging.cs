using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tokenization.Models;

/// <summary>BPE's merging of neighbours, the pair of the lowest rank first, the leftmost of equals.</summary>
internal static class Merging
{
    /// <summary>Up to here, looking at every pair again costs less than keeping them in order.</summary>
    private const int FewSymbols = 48;

    /// <summary>Merges until no pair of neighbours has a rank.</summary>
    /// <param name="symbols">What a piece begins as; of these, as many as remain are written to the front.</param>
    /// <param name="ranks">The rank of a pair of ids.</param>
    /// <param name="merged">The id a rank's pair becomes.</param>
    /// <returns>How many remain.</returns>
    public static int Merge(Span<PieceToken> symbols, PairTable ranks, int[] merged) =>
        symbols.Length <= FewSymbols ? MergeFew(symbols, ranks, merged) : MergeMany(symbols, ranks, merged);

    private static int MergeFew(Span<PieceToken> symbols, PairTable ranks, int[] merged)
    {
        Span<int> pairs = stackalloc int[FewSymbols];
        for (int i = 0; i + 1 < symbols.Length; i++)
            pairs[i] = ranks.Find(symbols[i].Id, symbols[i + 1].Id);
        while (true)
        {
            int best = -1, bestRank = int.MaxValue;
            for (int i = 0; i + 1 < symbols.Length; i++)
            {
                if ((uint)pairs[i] < (uint)bestRank)
                    (best, bestRank) = (i, pairs[i]);
            }

            if (best < 0)
                return symbols.Length;
            symbols[best] = new(merged[bestRank], symbols[best].Start, symbols[best + 1].End);
            symbols[(best + 2)..].CopyTo(symbols[(best + 1)..]);
            pairs[(best + 2)..symbols.Length].CopyTo(pairs[(best + 1)..]);
            symbols = symbols[..^1];
            if (best > 0)
                pairs[best - 1] = ranks.Find(symbols[best - 1].Id, symbols[best].Id);
            if (best + 1 < symbols.Length)
                pairs[best] = ranks.Find(symbols[best].Id, symbols[best + 1].Id);
        }
    }

    private static int MergeMany(Span<PieceToken> symbols, PairTable ranks, int[] merged)
    {
        const int Gone = -1;
        int[] next = new int[symbols.Length], previous = new int[symbols.Length];
        PriorityQueue<(int At, int Rank), long> queue = new(symbols.Length);
        for (int i = 0; i < symbols.Length; i++)
        {
            next[i] = i + 1 < symbols.Length ? i + 1 : -1;
            previous[i] = i - 1;
            Offer(symbols, i);
        }

        while (queue.TryDequeue(out (int At, int Rank) best, out _))
        {
            int at = best.At, second = next[at];
            // Either may have been merged away, or with another neighbour, since the pair was noted.
            if (symbols[at].Id == Gone || second < 0 || ranks.Find(symbols[at].Id, symbols[second].Id) != best.Rank)
                continue;
            symbols[at] = new(merged[best.Rank], symbols[at].Start, symbols[second].End);
            symbols[second] = new(Gone, 0, 0);
            next[at] = next[second];
            if (next[at] >= 0)
                previous[next[at]] = at;
            Offer(symbols, at);
            if (previous[at] >= 0)
                Offer(symbols, previous[at]);
        }

        int count = 0;
        for (int i = 0; i >= 0; i = next[i])
            symbols[count++] = symbols[i];
        return count;

        void Offer(Span<PieceToken> symbols, int at)
        {
            int rank = next[at] < 0 ? -1 : ranks.Find(symbols[at].Id, symbols[next[at]].Id);
            if (rank >= 0)
                queue.Enqueue((at, rank), (long)rank << 32 | (uint)at);
        }
    }
}
