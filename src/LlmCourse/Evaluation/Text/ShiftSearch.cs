namespace LlmCourse.Evaluation.Text;

/// <summary>
/// TER's edits: words inserted, deleted or replaced, and groups of words shifted, one edit each. Shifts are taken greedily, the
/// one first that saves most, as long as one saves anything (Snover et al. 2006, section 3). Limits and the order among equals are
/// Tercom's and sacreBLEU's, which published scores depend on.
/// </summary>
internal static class ShiftSearch
{
    private const int MaxShiftSize = 10;
    private const int MaxShiftDistance = 50;
    private const int MaxCandidates = 1000;

    public static int Edits(ReadOnlySpan<int> hypothesis, ReadOnlySpan<int> reference)
    {
        if (reference.IsEmpty)
            return hypothesis.Length;
        int[] words = hypothesis.ToArray(), best = new int[words.Length], tried = new int[words.Length];
        BeamEditDistance distance = new(reference.ToArray(), words.Length);
        int shifts = 0, candidates = 0;
        while (true)
        {
            int before = distance.Of(words);
            int saved = BestShift(words, reference, distance, before, best, tried, ref candidates);
            if (candidates >= MaxCandidates || saved <= 0)
                return shifts + before;
            shifts++;
            best.CopyTo(words, 0);
        }
    }

    /// <summary>The shift that saves most, among equals the longest, the earliest, the one that goes least far; what it saves.</summary>
    private static int BestShift(
        int[] words, ReadOnlySpan<int> reference, BeamEditDistance distance, int before, int[] best, int[] tried, ref int candidates)
    {
        Alignment alignment = distance.Align();
        (int Saved, int Length, int Start, int Target)? chosen = null;
        for (int start = 0; start < words.Length; start++)
        {
            int last = Math.Min(reference.Length - 1, start + MaxShiftDistance);
            for (int at = Math.Max(0, start - MaxShiftDistance); at <= last; at++)
            {
                for (int length = 1; length <= MaxShiftSize && start + length <= words.Length && at + length <= reference.Length
                    && words[start + length - 1] == reference[at + length - 1]; length++)
                {
                    // Both must be wrong where they are, and the target outside the group.
                    int to = alignment.Of[at];
                    if (!alignment.HypothesisErrors.AsSpan(start, length).Contains(true)
                        || !alignment.ReferenceErrors.AsSpan(at, length).Contains(true)
                        || (start <= to && to < start + length))
                    {
                        continue;
                    }

                    int previous = -1;
                    for (int offset = -1; offset < length && at + offset < reference.Length; offset++)
                    {
                        int target = at + offset == -1 ? 0 : alignment.Of[at + offset] + 1;
                        if (target == previous)
                            continue;
                        previous = target;
                        Shift(words, start, length, target, tried);
                        var candidate = (before - distance.Of(tried, words), length, -start, -target);
                        if (chosen is null || candidate.CompareTo(chosen.Value) > 0)
                        {
                            chosen = candidate;
                            tried.CopyTo(best, 0);
                        }

                        candidates++;
                    }

                    if (candidates >= MaxCandidates)
                        return chosen?.Saved ?? 0;
                }
            }
        }

        return chosen?.Saved ?? 0;
    }

    /// <summary>Moves a group so that it stands before <paramref name="target"/>; a target inside the group moves it to the right by that much.</summary>
    private static void Shift(ReadOnlySpan<int> words, int start, int length, int target, Span<int> result)
    {
        words.CopyTo(result);
        if (target < start)
        {
            words[target..start].CopyTo(result[(target + length)..]);
            words.Slice(start, length).CopyTo(result[target..]);
            return;
        }

        int end = target > start + length ? target : Math.Min(words.Length, length + target);
        words[(start + length)..end].CopyTo(result[start..]);
        words.Slice(start, length).CopyTo(result[(end - length)..]);
    }

    /// <summary>Which hypothesis word each reference word stands at (-1: before the first), and which words of either are wrong.</summary>
    internal sealed record Alignment(int[] Of, bool[] HypothesisErrors, bool[] ReferenceErrors);
}
