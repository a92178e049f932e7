using Spectre.Console;

namespace Lab1.DialogueSummarisation;

/// <summary>
/// In-context learning measured: ROUGE of zero-, one- and few-shot prompts on many dialogues, with intervals. Every dialogue has
/// worked examples of its own, drawn by the seed, so that the figures do not hang on one lucky choice. Their order is fixed: the
/// few-shot prompt has the one-shot prompt's example, and others.
/// </summary>
internal sealed class InContextScores(Summariser summariser, EvaluationOptions options, int seed)
{
    private const int FewShots = 3;

    // As the lab has it, whose data has a row for each summary.
    private static readonly Metric Stemmed = Metrics.RougeWith(new() { UseStemmer = true, AverageReferences = true });

    /// <summary>Measures and shows.</summary>
    /// <param name="data">Where the dialogues are drawn from; rows of the same dialogue count as one with several summaries.</param>
    /// <param name="pool">Where the worked examples are drawn from; those of dialogues in <paramref name="data"/> are left out.</param>
    /// <param name="count">How many dialogues.</param>
    public void Run(IReadOnlyList<Dialogue> data, IReadOnlyList<Dialogue> pool, int count)
    {
        Example[] all = [.. data.GroupBy(row => row.Text).Select(rows => new Example(rows.Key, rows.First().Summary) { References = [.. rows.Select(row => row.Summary)] })];
        if (count > all.Length)
            throw new FormatException($"--score {count}: there are {all.Length} different dialogues.");
        Example[] tested = Drawn(new Random(seed), all, count);
        HashSet<string> seen = [.. tested.Select(dialogue => dialogue.Prompt)];
        Dialogue[] shots = [.. pool.Where(row => !seen.Contains(row.Text)).DistinctBy(row => row.Text)];
        if (shots.Length < FewShots)
            throw new FormatException($"There are {shots.Length} dialogues to draw examples from, and {FewShots} are wanted: give another file with --shot-data.");

        EvaluationResult zero = Measure("zero-shot", 0), one = Measure("one-shot", 1), few = Measure($"{FewShots}-shot", FewShots);
        AnsiConsole.WriteLine();
        Console.WriteLine(zero.Report(one, few));
        Console.WriteLine(zero.CompareWith(one));
        Console.WriteLine(zero.CompareWith(few));

        EvaluationResult Measure(string name, int wanted)
        {
            Random random = new(seed);
            Dictionary<Example, (Example Asked, int Tokens, int Dropped)> prompts =
                tested.ToDictionary(dialogue => dialogue, dialogue => Fitting(dialogue.Prompt, [.. Drawn(random, shots, FewShots).Take(wanted)]));
            AnsiConsole.WriteLine($"{name}: prompts of {prompts.Values.Average(prompt => prompt.Tokens):0} tokens on average, at most {prompts.Values.Max(prompt => prompt.Tokens)}"
                + $" of {summariser.Context}; {prompts.Values.Sum(prompt => prompt.Dropped)} examples did not fit.");
            EvaluationOptions how = options with { System = name, Title = $"F1 on {count} dialogues, 95 % intervals", Ask = dialogue => prompts[dialogue].Asked };
            return WorkDisplay.Show(name, progress => summariser.Evaluate(tested, Stemmed, how, progress));
        }
    }

    private static T[] Drawn<T>(Random random, T[] items, int count)
    {
        // The first places of a shuffle, without shuffling the rest.
        HashSet<int> places = [];
        while (places.Count < count)
            places.Add(random.Next(items.Length));
        return [.. places.Select(place => items[place])];
    }

    // Examples that do not fit are left out, the last one first.
    private (Example Asked, int Tokens, int Dropped) Fitting(string dialogue, Dialogue[] shots)
    {
        int budget = summariser.Context - (summariser.HasEncoder ? 0 : options.Generation.MaxNewTokens!.Value);
        for (int dropped = 0; ; dropped++)
        {
            Example asked = summariser.Ask(shots[..^dropped], dialogue);
            int tokens = summariser.Encode(asked).Length;
            if (tokens <= budget || dropped == shots.Length)
                return (asked, tokens, dropped);
        }
    }
}
