namespace LlmCourse.Generation;

/// <summary>Prompt lookup decoding (Saxena, 2023): where the last tokens have stood before, what came behind them is proposed again.</summary>
internal static class PromptLookup
{
    /// <summary>The tokens behind the last earlier place at which the row's last n tokens stand; for the largest n that has one.</summary>
    /// <param name="tokens">What stands in the row.</param>
    /// <param name="history">Where to look: the row itself, with what an encoder has read in front.</param>
    /// <param name="largest">The largest n.</param>
    /// <param name="count">How many tokens at most.</param>
    public static IReadOnlyList<int> Propose(IReadOnlyList<int> tokens, IReadOnlyList<int> history, int largest, int count)
    {
        for (int size = Math.Min(largest, tokens.Count); size > 0 && count > 0; size--)
        {
            for (int end = history.Count - 1; end >= size; end--)
            {
                if (Enumerable.Range(1, size).All(back => history[end - back] == tokens[^back]))
                    return [.. history.Skip(end).Take(count)];
            }
        }

        return [];
    }
}
