namespace Pronunciation;

/// <summary>What a model made of some words: each one right or not, and how many sounds of how many are wrong.</summary>
/// <param name="Exact">1 or 0 for each word.</param>
/// <param name="Edits">Sounds to insert, delete or replace.</param>
/// <param name="Sounds">Sounds there should be.</param>
internal sealed record Scores(double[] Exact, int[] Edits, int[] Sounds)
{
    public static Scores Of(Llm llm, IReadOnlyList<Example> examples) => Of(Speller.Say(llm, examples.Select(example => example.Prompt)), examples);

    /// <param name="said">For each example.</param>
    /// <param name="examples">With what is right.</param>
    public static Scores Of(IReadOnlyList<string> said, IReadOnlyList<Example> examples)
    {
        (string Said, string Right)[] pairs = [.. said.Zip(examples, (text, example) => (text, example.Completion))];
        return new Scores(
            [.. pairs.Select(pair => pair.Said == pair.Right ? 1.0 : 0)],
            [.. pairs.Select(pair => ErrorRate.Distance(pair.Said.ToCharArray(), pair.Right.ToCharArray()))],
            [.. pairs.Select(pair => pair.Right.Length)]);
    }

    public Estimate ExactMatch => Bootstrap.Mean(Exact);

    /// <summary>Edits by sounds, over all words together.</summary>
    public Estimate PhonemeErrorRate => Bootstrap.Statistic(Exact.Length, Rate);

    public double Rate(IReadOnlyList<int> words) => (double)words.Sum(word => Edits[word]) / words.Sum(word => Sounds[word]);

    public Scores Only(IReadOnlyList<int> words) =>
        new([.. words.Select(word => Exact[word])], [.. words.Select(word => Edits[word])], [.. words.Select(word => Sounds[word])]);

    public void AddTo(Report report, string what, string system)
    {
        report.Add($"{what}: exact", system, ExactMatch);
        report.Add($"{what}: phoneme error rate", system, PhonemeErrorRate);
    }

    public IEnumerable<TaskChange> Since(Scores before, string what) =>
    [
        new($"{what}: exact", PairedBootstrap.Compare(before.Exact, Exact)),
        new($"{what}: phoneme error rate", PairedBootstrap.Compare(Exact.Length, before.Rate, Rate), LowerIsBetter: true),
    ];
}
