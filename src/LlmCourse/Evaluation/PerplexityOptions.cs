namespace LlmCourse.Evaluation;

/// <summary>How a text that may be longer than a model can read is scored: in windows that overlap.</summary>
public sealed record PerplexityOptions
{
    /// <summary>
    /// How many tokens a window has, at least 2; the first is only read. Unset: as many as the model can read, 1,024 where nothing
    /// limits it.
    /// </summary>
    public int? Window { get; init; }

    /// <summary>
    /// How far each window is behind the one before, and so how many of its tokens are new and counted: 1 to the window less one.
    /// The smaller, the more of the text before it each token sees, and the more there is to compute. Unset: half a window.
    /// </summary>
    public int? Stride { get; init; }

    /// <summary>
    /// Whether a text's first token counts, given the token that begins a text (or, where the model has none, the one that ends it),
    /// as in the lm-evaluation-harness. It never counts where the model has neither.
    /// </summary>
    public bool CountFirstToken { get; init; } = true;

    /// <summary>How many windows are run at once, 1 or more.</summary>
    public int BatchSize { get; init; } = 4;

    /// <summary>Window and stride for a model.</summary>
    internal (int Window, int Stride) Resolve(int? limit)
    {
        int window = Window ?? limit ?? 1024;
        Require(window >= 2 && !(window > limit), nameof(Window), window, limit is null ? "at least 2" : $"at least 2 and at most the {limit} tokens that the model can read");
        int stride = Stride ?? window / 2;
        Require(stride >= 1 && stride < window, nameof(Stride), stride, $"at least 1 and below {nameof(Window)}, which is {window}");
        Require(BatchSize >= 1, nameof(BatchSize), BatchSize, "at least 1");
        return (window, stride);
    }

    /// <summary>
    /// The windows over a sequence. Each begins a stride behind the one before and counts what that one did not reach: every
    /// token but the first is counted once. (The recipe in transformers' documentation counts a token too many in each window:
    /// it takes the overlap off the labels, and forgets that the first of a window's labels has no prediction.)
    /// </summary>
    internal static IEnumerable<ContinuationRow> Windows(int[] tokens, int from, int window, int stride)
    {
        int reached = Math.Max(1, from);
        for (int first = 0; reached < tokens.Length; first += stride)
        {
            int end = Math.Min(first + window, tokens.Length);
            if (end <= reached)
                continue;
            yield return new ContinuationRow(null, tokens[first..end], reached - first);
            reached = end;
        }
    }

    private static void Require(bool holds, string property, int value, string expectation)
    {
        if (!holds)
            throw new ArgumentOutOfRangeException(property, value, $"{property} must be {expectation}.");
    }
}
