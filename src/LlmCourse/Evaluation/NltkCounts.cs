using LlmCourse.Evaluation.Text;

namespace LlmCourse.Evaluation;

/// <summary>The counts that NLTK's BLEU divides.</summary>
internal sealed class NltkCounts(int orders)
{
    /// <summary>Clipped matches.</summary>
    public long[] Matches { get; } = new long[orders];

    /// <summary>n-grams of the hypotheses; at least 1 for each text, so that nothing is divided by 0.</summary>
    public long[] Totals { get; } = new long[orders];

    /// <summary>n-grams of the hypotheses.</summary>
    public long[] Grams { get; } = new long[orders];

    public long Length { get; private set; }

    /// <summary>Of several references the one nearest in length, the shorter of equally near ones.</summary>
    public long ReferenceLength { get; private set; }

    public static NltkCounts Of(IReadOnlyList<string> hypothesis, IReadOnlyList<IReadOnlyList<string>> references, int orders)
    {
        WordIds ids = new();
        NGramMatcher grams = new(orders);
        foreach (IReadOnlyList<string> reference in references)
            grams.AddReference(Ids(reference, ids));
        int[] matches = new int[orders];
        grams.Match(Ids(hypothesis, ids), matches);
        NltkCounts counts = new(orders)
        {
            Length = hypothesis.Count,
            ReferenceLength = references.Select(reference => reference.Count).MinBy(length => (Math.Abs(length - hypothesis.Count), length)),
        };
        for (int n = 0; n < orders; n++)
        {
            counts.Matches[n] = matches[n];
            counts.Grams[n] = NGramMatcher.Total(hypothesis.Count, n + 1);
            counts.Totals[n] = Math.Max(1, counts.Grams[n]);
        }

        return counts;
    }

    public void Add(NltkCounts other)
    {
        Length += other.Length;
        ReferenceLength += other.ReferenceLength;
        for (int n = 0; n < orders; n++)
        {
            Matches[n] += other.Matches[n];
            Totals[n] += other.Totals[n];
            Grams[n] += other.Grams[n];
        }
    }

    private static int[] Ids(IReadOnlyList<string> words, WordIds ids)
    {
        Inputs.RequireNoNull(words, nameof(words));
        return [.. words.Select(word => ids.Of(word))];
    }
}
