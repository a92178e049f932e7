using LlmCourse.Tokenization.Text;

namespace LlmCourse.Tokenization.Models;

/// <summary>The symbols of a piece while BPE merges them: a linked list in arrays.</summary>
internal sealed class Symbols(int capacity)
{
    /// <summary>Up to here, looking at every pair again costs less than keeping them in order.</summary>
    private const int FewSymbols = 48;

    private int[] _ids = new int[capacity];
    private int[] _starts = new int[capacity];
    private int[] _ends = new int[capacity];
    private int _count;

    public void Add(int id, int start, int end)
    {
        if (_count == _ids.Length)
        {
            Array.Resize(ref _ids, _count * 2 + 4);
            Array.Resize(ref _starts, _count * 2 + 4);
            Array.Resize(ref _ends, _count * 2 + 4);
        }

        (_ids[_count], _starts[_count], _ends[_count]) = (id, start, end);
        _count++;
    }

    public void AddTo(TokenList tokens)
    {
        for (int i = 0; i < _count; i++)
            tokens.Add(_ids[i], _starts[i], _ends[i]);
    }

    /// <summary>Merges until no pair of neighbours has a rank.</summary>
    /// <param name="ranks">The rank of a pair of ids.</param>
    /// <param name="merged">The id a rank's pair becomes.</param>
    public void Merge(PairTable ranks, int[] merged)
    {
        if (_count <= FewSymbols)
            MergeFew(ranks, merged);
        else
            MergeMany(ranks, merged);
    }

    private void MergeFew(PairTable ranks, int[] merged)
    {
        Span<int> pairs = stackalloc int[FewSymbols];
        for (int i = 0; i + 1 < _count; i++)
            pairs[i] = ranks.Find(_ids[i], _ids[i + 1]);
        while (true)
        {
            int best = -1, bestRank = int.MaxValue;
            for (int i = 0; i + 1 < _count; i++)
            {
                if ((uint)pairs[i] < (uint)bestRank)
                    (best, bestRank) = (i, pairs[i]);
            }

            if (best < 0)
                return;
            _ids[best] = merged[bestRank];
            _ends[best] = _ends[best + 1];
            _count--;
            int moved = _count - best - 1;
            Array.Copy(_ids, best + 2, _ids, best + 1, moved);
            Array.Copy(_starts, best + 2, _starts, best + 1, moved);
            Array.Copy(_ends, best + 2, _ends, best + 1, moved);
            pairs.Slice(best + 2, Math.Max(0, moved - 1)).CopyTo(pairs[(best + 1)..]);
            if (best > 0)
                pairs[best - 1] = ranks.Find(_ids[best - 1], _ids[best]);
            if (best + 1 < _count)
                pairs[best] = ranks.Find(_ids[best], _ids[best + 1]);
        }
    }

    private void MergeMany(PairTable ranks, int[] merged)
    {
        int[] next = new int[_count], previous = new int[_count];
        PriorityQueue<(int At, int Rank), long> queue = new(_count);
        for (int i = 0; i < _count; i++)
        {
            next[i] = i + 1 < _count ? i + 1 : -1;
            previous[i] = i - 1;
            Offer(i);
        }

        while (queue.TryDequeue(out (int At, int Rank) best, out _))
        {
            int at = best.At, second = next[at];
            // Either may have been merged away, or with another neighbour, since the pair was noted.
            if (_ids[at] < 0 || second < 0 || ranks.Find(_ids[at], _ids[second]) != best.Rank)
                continue;
            _ids[at] = merged[best.Rank];
            _ends[at] = _ends[second];
            _ids[second] = -1;
            next[at] = next[second];
            if (next[at] >= 0)
                previous[next[at]] = at;
            Offer(at);
            if (previous[at] >= 0)
                Offer(previous[at]);
        }

        int count = 0;
        for (int i = 0; i >= 0; i = next[i])
        {
            (_ids[count], _starts[count], _ends[count]) = (_ids[i], _starts[i], _ends[i]);
            count++;
        }

        _count = count;

        void Offer(int at)
        {
            int rank = next[at] < 0 ? -1 : ranks.Find(_ids[at], _ids[next[at]]);
            if (rank >= 0)
                queue.Enqueue((at, rank), (long)rank << 32 | (uint)at);
        }
    }
}
