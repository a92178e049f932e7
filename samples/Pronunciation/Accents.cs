namespace Pronunciation;

/// <summary>What a model made of the held-out words of both accents.</summary>
/// <param name="American">In American.</param>
/// <param name="British">The same words in British.</param>
/// <param name="Differing">Those of them which the British say differently.</param>
internal sealed record Accents(Scores American, Scores British, Scores Differing)
{
    private const string AmericanName = "American", BritishName = "British", DifferingName = "British where it differs";

    /// <param name="llm">The model.</param>
    /// <param name="words">The words.</param>
    /// <param name="marked">Whether the model is told when British is wanted.</param>
    public static Accents Of(Llm llm, Lexicons words, bool marked)
    {
        Scores british = Scores.Of(llm, marked ? Marked(words.British.HeldOut) : words.British.HeldOut);
        return Of(Scores.Of(llm, words.American.HeldOut), british, words);
    }

    /// <param name="american">Of all held-out words.</param>
    /// <param name="british">Of all held-out words.</param>
    /// <param name="words">The words.</param>
    public static Accents Of(Scores american, Scores british, Lexicons words) => new(american, british, british.Only(words.Differing()));

    /// <summary>The same examples with the mark before each word.</summary>
    public static Example[] Marked(IEnumerable<Example> examples) =>
        [.. examples.Select(example => example with { Prompt = Speller.BritishMark + example.Prompt })];

    /// <summary>Exact match of each, for a picture.</summary>
    public IReadOnlyList<(string Task, Estimate Exact)> Bars => [(AmericanName, American.ExactMatch), (BritishName, British.ExactMatch), (DifferingName, Differing.ExactMatch)];

    public void AddTo(Report report, string system)
    {
        American.AddTo(report, AmericanName, system);
        British.AddTo(report, BritishName, system);
        Differing.AddTo(report, DifferingName, system);
    }

    public IEnumerable<TaskChange> Since(Accents before) =>
    [
        .. American.Since(before.American, AmericanName),
        .. British.Since(before.British, BritishName),
        .. Differing.Since(before.Differing, DifferingName),
    ];
}
