namespace LlmCourse.Generation;

/// <summary>Which tokens would complete a pattern behind the tokens of one row. On the host: the rows are short and known there.</summary>
internal static class TokenPatterns
{
    /// <summary>The tokens that would repeat a run of n tokens (Paulus et al., "A deep reinforced model for abstractive summarization", 2017, 2.5).</summary>
    /// <param name="tokens">What stands in the row.</param>
    /// <param name="history">Where the n tokens must not stand already: the row itself, or what an encoder has read.</param>
    /// <param name="size">n, at least 1.</param>
    public static IEnumerable<int> Repeating(IReadOnlyList<int> tokens, IReadOnlyList<int> history, int size)
    {
        int start = tokens.Count - (size - 1);
        if (start < 0)
            yield break;
        for (int i = 0; i + size <= history.Count; i++)
        {
            if (Same(history, i, tokens, start, size - 1))
                yield return history[i + size - 1];
        }
    }

    /// <summary>Whether the row ends with all of a sequence but its last token, which would complete it.</summary>
    public static bool Completes(IReadOnlyList<int> tokens, IReadOnlyList<int> sequence)
    {
        int before = sequence.Count - 1;
        return before <= tokens.Count && Same(sequence, 0, tokens, tokens.Count - before, before);
    }

    private static bool Same(IReadOnlyList<int> first, int firstStart, IReadOnlyList<int> second, int secondStart, int count)
    {
        for (int i = 0; i < count; i++)
        {
            if (first[firstStart + i] != second[secondStart + i])
                return false;
        }

        return true;
    }
}
