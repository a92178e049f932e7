using System.Numerics;

namespace LlmCourse.Evaluation.Text;

/// <summary>
/// Longest common subsequences, 64 reference tokens at a time (Hyyrö, "Bit-parallel LCS-length computation revisited", 2004).
/// With t(i, j) the length for the first i tokens of the reference and the first j of the candidate, bit i of row j is zero
/// exactly where t(i + 1, j) = t(i, j) + 1. Not thread-safe.
/// </summary>
internal sealed class CommonSubsequence
{
    private const long MostWords = 1L << 27; // a gigabyte of rows

    private int[] _first = [];
    private int[] _next = [];
    private ulong[] _match = [];
    private ulong[] _rows = [];

    /// <summary>The length. Token ids are below <paramref name="vocabulary"/>.</summary>
    public int Length(ReadOnlySpan<int> reference, ReadOnlySpan<int> candidate, int vocabulary)
    {
        if (reference.IsEmpty || candidate.IsEmpty)
            return 0;
        int words = Begin(reference, vocabulary);
        Span<ulong> row = Rows(words);
        foreach (int token in candidate)
            Step(row, row, token);
        End(reference);
        int length = words * 64;
        foreach (ulong word in row)
            length -= BitOperations.PopCount(word);
        return length;
    }

    /// <summary>
    /// Marks the reference tokens of one longest common subsequence: read off backwards, to the left in the candidate only
    /// where that is strictly longer than up in the reference, as rouge_score does.
    /// </summary>
    /// <exception cref="ArgumentException">The two are so long that their table would not fit into memory.</exception>
    public void Mark(ReadOnlySpan<int> reference, ReadOnlySpan<int> candidate, int vocabulary, Span<bool> marks)
    {
        if (reference.IsEmpty || candidate.IsEmpty)
            return;
        long size = (candidate.Length + 1L) * ((reference.Length + 63) / 64);
        if (size > MostWords)
            throw new ArgumentException($"A line of {reference.Length} tokens against one of {candidate.Length} is too long for ROUGE-Lsum: break the texts into lines.");
        int words = Begin(reference, vocabulary);
        Span<ulong> rows = Rows((int)size);
        for (int j = 0; j < candidate.Length; j++)
            Step(rows.Slice(j * words, words), rows.Slice((j + 1) * words, words), candidate[j]);
        End(reference);

        for (int i = reference.Length, j = candidate.Length; i > 0 && j > 0;)
        {
            if (reference[i - 1] == candidate[j - 1])
            {
                marks[--i] = true;
                j--;
            }
            else if ((rows[(j * words) + ((i - 1) >> 6)] >> ((i - 1) & 63) & 1) == 0)
            {
                // t(i, j) is the larger of "left" and "up", so that it exceeds "up" exactly where "left" does.
                j--;
            }
            else
            {
                i--;
            }
        }
    }

    /// <summary>One candidate token: a row from the one before.</summary>
    private void Step(ReadOnlySpan<ulong> from, Span<ulong> to, int token)
    {
        int at = _first[token];
        if (at < 0)
        {
            from.CopyTo(to);
            return;
        }

        for (; at >= 0; at = _next[at])
            _match[at >> 6] |= 1UL << (at & 63);
        ulong carry = 0;
        for (int w = 0; w < from.Length; w++)
        {
            ulong old = from[w], match = _match[w], common = old & match;
            _match[w] = 0;
            ulong sum = old + common, carried = sum + carry;
            carry = sum < old || carried < sum ? 1UL : 0UL;
            to[w] = carried | (old & ~match);
        }
    }

    /// <summary>Chains the places of each reference token. Gives the number of words a row has.</summary>
    private int Begin(ReadOnlySpan<int> reference, int vocabulary)
    {
        int words = (reference.Length + 63) / 64;
        if (_first.Length < vocabulary)
        {
            _first = new int[Math.Max(vocabulary, _first.Length * 2)];
            Array.Fill(_first, -1);
        }

        if (_next.Length < reference.Length)
        {
            _next = new int[reference.Length];
            _match = new ulong[words];
        }

        for (int i = reference.Length - 1; i >= 0; i--)
        {
            _next[i] = _first[reference[i]];
            _first[reference[i]] = i;
        }

        return words;
    }

    private void End(ReadOnlySpan<int> reference)
    {
        foreach (int token in reference)
            _first[token] = -1;
    }

    /// <summary>Rows, the first of them all ones (the table's first row is zero); the others are written before they are read.</summary>
    private Span<ulong> Rows(int size)
    {
        if (_rows.Length < size)
            _rows = new ulong[size];
        _rows.AsSpan(0, size).Fill(ulong.MaxValue);
        return _rows.AsSpan(0, size);
    }
}
