using Shared;
using Spectre.Console;

namespace Lab1.DialogueSummarisation;

/// <summary>
/// In-context learning measured: ROUGE of zero-, one- and few-shot prompts on many dialogues, with intervals. Every dialogue has
/// worked examples of its own, drawn by the seed, so that the figures do not hang on one lucky choice. Their order is fixed: the
/// few-shot prompt has the one-shot prompt's example, and others.
/// </summary>
internal sealed class InContextScores(Summariser summariser, GenerationOptions options, int batchSize, int seed)
{
    private const int FewShots = 3;

    private static readonly (string Name, int Shots)[] Prompts = [("zero-shot", 0), ("one-shot", 1), ($"{FewShots}-shot", FewShots)];

    private static readonly (string Name, Func<RougeScores, double> F1)[] Metrics =
    [
        ("ROUGE-1", score => score.Rouge1.F1),
        ("ROUGE-2", score => score.Rouge2.F1),
        ("ROUGE-L", score => score.RougeL.F1),
        ("ROUGE-Lsum", score => score.RougeLsum.F1),
    ];

    /// <summary>Measures and shows.</summary>
    /// <param name="data">Where the dialogues are drawn from; rows of the same dialogue count as one with several summaries.</param>
    /// <param name="pool">Where the worked examples are drawn from; those of dialogues in <paramref name="data"/> are left out.</param>
    /// <param name="count">How many dialogues.</param>
    public void Run(IReadOnlyList<Dialogue> data, IReadOnlyList<Dialogue> pool, int count)
    {
        (string Text, string[] Summaries)[] all = [.. data.GroupBy(row => row.Text).Select(rows => (rows.Key, rows.Select(row => row.Summary).ToArray()))];
        if (count > all.Length)
            throw new FormatException($"--score {count}: there are {all.Length} different dialogues.");
        (string Text, string[] Summaries)[] tested = [.. Drawn(new Random(seed), all, count)];
        HashSet<string> seen = [.. tested.Select(dialogue => dialogue.Text)];
        Dialogue[] shots = [.. pool.Where(row => !seen.Contains(row.Text)).DistinctBy(row => row.Text)];
        if (shots.Length < FewShots)
            throw new FormatException($"There are {shots.Length} dialogues to draw examples from, and {FewShots} are wanted: give another file with --shot-data.");

        Report report = new($"F1 on {count} dialogues, 95 % intervals");
        List<double[][]> scores = [];
        foreach ((string name, int wanted) in Prompts)
        {
            Random random = new(seed);
            (int[] Ids, int Dropped)[] prompts = [.. tested.Select(dialogue => Fitting(dialogue.Text, [.. Drawn(random, shots, FewShots).Take(wanted)]))];
            AnsiConsole.WriteLine($"{name}: prompts of {prompts.Average(prompt => prompt.Ids.Length):0} tokens on average, at most {prompts.Max(prompt => prompt.Ids.Length)}"
                + $" of {summariser.Context}; {prompts.Sum(prompt => prompt.Dropped)} examples did not fit.");
            string[] answers = Answer(name, [.. prompts.Select(prompt => prompt.Ids)]);
            scores.Add([.. Metrics.Select(metric => Scores(answers, [.. tested.Select(dialogue => dialogue.Summaries)], metric.F1))]);
            for (int m = 0; m < Metrics.Length; m++)
                report.Add(Metrics[m].Name, name, Bootstrap.Mean(scores[^1][m]));
        }

        AnsiConsole.WriteLine();
        Console.WriteLine(report);
        for (int p = 1; p < Prompts.Length; p++)
            Console.WriteLine(Differences(p));

        Report Differences(int p)
        {
            Report differences = new($"{Prompts[p].Name} against {Prompts[0].Name}, the same dialogues, in points");
            for (int m = 0; m < Metrics.Length; m++)
            {
                PairedComparison change = PairedBootstrap.Compare([.. scores[0][m].Select(f1 => 100 * f1)], [.. scores[p][m].Select(f1 => 100 * f1)]);
                differences.Add(Metrics[m].Name, "difference", change.Difference);
                differences.Add(Metrics[m].Name, "p", change.PValue);
            }

            return differences;
        }
    }

    // A dialogue's score is the mean over its summaries: what the lab's rows, one for each summary, come to. Stemming as there.
    private static double[] Scores(string[] answers, string[][] summaries, Func<RougeScores, double> f1)
    {
        RougeOptions stemmed = new() { UseStemmer = true };
        return [.. answers.Zip(summaries, (answer, people) => people.Average(person => f1(Rouge.Score(answer, person, stemmed))))];
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
    private (int[] Ids, int Dropped) Fitting(string dialogue, Dialogue[] shots)
    {
        int budget = summariser.Context - (summariser.HasEncoder ? 0 : options.MaxNewTokens!.Value);
        for (int dropped = 0; ; dropped++)
        {
            int[] ids = summariser.Encode(shots[..^dropped], dialogue);
            if (ids.Length <= budget || dropped == shots.Length)
                return (ids, dropped);
        }
    }

    // In batches of similar length, the longest first: if memory is short, that is known at once.
    private string[] Answer(string name, int[][] prompts)
    {
        string[] answers = new string[prompts.Length];
        int[][] batches = [.. Enumerable.Range(0, prompts.Length).OrderByDescending(i => prompts[i].Length).Chunk(batchSize)];
        WorkDisplay.Show(name, prompts.Length, advance =>
        {
            foreach (int[] batch in batches)
            {
                IReadOnlyList<Completion> written = summariser.Answer([.. batch.Select(i => prompts[i])], options);
                for (int i = 0; i < batch.Length; i++)
                    answers[batch[i]] = written[i].Text.Trim();
                advance(batch.Length);
            }
        });
        return answers;
    }
}
