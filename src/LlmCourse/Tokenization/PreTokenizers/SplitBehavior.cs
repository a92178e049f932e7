namespace LlmCourse.Tokenization.PreTokenizers;

/// <summary>What becomes of a match when a text is split at it.</summary>
internal enum SplitBehavior { Removed, Isolated, MergedWithPrevious, MergedWithNext, Contiguous }

/// <summary>Turns the matches in a text into the ranges that remain.</summary>
internal static class Splitting
{
    /// <param name="length">The length of the text.</param>
    /// <param name="matches">What was found, in order.</param>
    /// <param name="behavior">What becomes of it.</param>
    /// <param name="isInverted">Whether what lies between the matches counts as the match.</param>
    /// <param name="ranges">Where the ranges go.</param>
    public static void Apply(int length, List<(int Start, int End)> matches, SplitBehavior behavior, bool isInverted, List<(int Start, int End)> ranges)
    {
        List<(int Start, int End, bool IsMatch)> parts = new(matches.Count * 2 + 1);
        int at = 0;
        foreach ((int start, int end) in matches)
        {
            if (at < start)
                parts.Add((at, start, isInverted));
            parts.Add((start, end, !isInverted));
            at = end;
        }

        if (at < length)
            parts.Add((at, length, isInverted));
        if (behavior == SplitBehavior.MergedWithNext)
            parts.Reverse();
        int first = ranges.Count;
        bool wasMatch = false;
        foreach ((int start, int end, bool isMatch) in parts)
        {
            bool joins = behavior switch
            {
                SplitBehavior.Contiguous => isMatch == wasMatch,
                SplitBehavior.MergedWithPrevious or SplitBehavior.MergedWithNext => isMatch && !wasMatch,
                _ => false,
            };
            wasMatch = isMatch;
            if (isMatch && behavior == SplitBehavior.Removed)
                continue;
            if (joins && ranges.Count > first)
                ranges[^1] = (Math.Min(ranges[^1].Start, start), Math.Max(ranges[^1].End, end));
            else
                ranges.Add((start, end));
        }

        if (behavior == SplitBehavior.MergedWithNext)
            ranges.Reverse(first, ranges.Count - first);
    }
}
