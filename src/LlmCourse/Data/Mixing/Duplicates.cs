using System.Globalization;

namespace LlmCourse.Data;

/// <summary>
/// What of the test data is in the training data as well. A test that was trained on measures memory. Two examples are
/// duplicates if they give the model the same to read, whatever the answer.
/// </summary>
public sealed class Duplicates
{
    private Duplicates(IReadOnlyList<DuplicatePair> pairs, IReadOnlyList<Example> kept) => (Pairs, Kept) = (pairs, kept);

    /// <summary>Every training example that is in the test data, with the first test example that it equals.</summary>
    public IReadOnlyList<DuplicatePair> Pairs { get; }

    /// <summary>The training examples that are not.</summary>
    public IReadOnlyList<Example> Kept { get; }

    /// <summary>How many are equal character by character.</summary>
    public int Exact => Pairs.Count(pair => pair.IsExact);

    /// <summary>How many are equal but for case, blanks and punctuation only.</summary>
    public int Normalised => Pairs.Count - Exact;

    /// <summary>Compares training and test data; they are all held in memory.</summary>
    /// <param name="train">The training data.</param>
    /// <param name="test">The test data.</param>
    /// <param name="by">
    /// What is compared. Unset: the prompt, or the turns before the last answer. Where several templates wrap one text, give the text.
    /// </param>
    /// <returns>The pairs, and what may be trained on.</returns>
    public static Duplicates Between(IEnumerable<Example> train, IEnumerable<Example> test, Func<Example, string>? by = null)
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(test);
        by ??= ExampleKey.Input;
        Dictionary<string, string> exact = new(StringComparer.Ordinal), normalised = new(StringComparer.Ordinal);
        foreach ((int number, Example example) in test.Index())
        {
            string text = by(example), plain = ExampleKey.Normalised(text);
            exact.TryAdd(text, Source(example, number));
            if (plain.Length > 0) // two texts without a letter are not the same text
                normalised.TryAdd(plain, Source(example, number));
        }

        List<DuplicatePair> pairs = [];
        List<Example> kept = [];
        foreach ((int number, Example example) in train.Index())
        {
            string text = by(example);
            if (exact.TryGetValue(text, out string? same))
                pairs.Add(new DuplicatePair(Source(example, number), same, IsExact: true));
            else if (normalised.TryGetValue(ExampleKey.Normalised(text), out string? alike))
                pairs.Add(new DuplicatePair(Source(example, number), alike, IsExact: false));
            else
                kept.Add(example);
        }

        return new Duplicates(pairs, kept);
    }

    /// <summary>The counts in a sentence.</summary>
    /// <returns>For a log.</returns>
    public override string ToString() =>
        $"{Exact} training examples are in the test data, {Normalised} more are but for case, blanks and punctuation; {Kept.Count} are not.";

    private static string Source(Example example, int number) => example.Source ?? number.ToString(CultureInfo.InvariantCulture);
}
