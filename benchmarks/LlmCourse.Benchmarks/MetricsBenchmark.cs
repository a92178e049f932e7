using System.Diagnostics;
using System.Text.Json;
using LlmCourse.Evaluation;

namespace LlmCourse.Benchmarks;

/// <summary>ROUGE and BLEU of pairs of texts, on one core, in turn with rouge_score and sacreBLEU.</summary>
internal static class MetricsBenchmark
{
    private const int Passes = 20;

    /// <param name="args">"metrics FILE [--fields PREDICTION,REFERENCE] [--rounds N] [--python PYTHON] [--json FILE]".</param>
    public static void Run(string[] args)
    {
        BenchmarkArguments arguments = BenchmarkArguments.Parse(args[1..]);
        string[] fields = (BenchmarkArguments.Value(args, "--fields") ?? "summary1,summary2").Split(',');
        (string Prediction, string Reference)[] pairs = [.. File.ReadLines(arguments.Model).Select(line => Pair(line, fields))];
        string[] predictions = [.. pairs.Select(pair => pair.Prediction)], references = [.. pairs.Select(pair => pair.Reference)];
        string[] manyPredictions = Repeated(predictions), manyReferences = Repeated(references);
        RougeOptions stemmed = new() { UseStemmer = true };

        Results results = new("rouge_score, sacreBLEU");
        using Peer? peer = arguments.Python is null ? null : Peer.Start(arguments, "metrics_peer.py", arguments.Model, fields[0], fields[1]);
        for (int round = 0; round < arguments.Rounds; round++)
        {
            // rouge_score takes seconds for one pass, and keeps nothing between passes; sacreBLEU remembers what it has tokenised.
            results.Add("ROUGE-1/2/L/Lsum with stemmer, one pair after another", "pairs/s", Rate(predictions.Length * Passes, () =>
            {
                for (int pass = 0; pass < Passes; pass++)
                {
                    for (int i = 0; i < predictions.Length; i++)
                        Rouge.Score(predictions[i], references[i], stemmed);
                }
            }), peer?.Ask("rouge 1"));
            results.Add("the same, all at once", "pairs/s", Rate(predictions.Length * Passes, () =>
            {
                for (int pass = 0; pass < Passes; pass++)
                    Rouge.ScoreAll(predictions, references, stemmed);
            }), peer?.Ask("rouge 1"));
            results.Add("BLEU of a corpus", "pairs/s", Rate(manyPredictions.Length, () => Bleu.Corpus(manyPredictions, manyReferences)), peer?.Ask($"bleu {Passes}"));
            Console.Error.WriteLine($"round {round + 1} of {arguments.Rounds}");
        }

        Console.WriteLine(results.Table());
        if (arguments.Json is not null)
            File.WriteAllText(arguments.Json, results.ToJson(arguments with { Threads = 1 }));
    }

    private static (string, string) Pair(string line, string[] fields)
    {
        using JsonDocument row = JsonDocument.Parse(line);
        return (row.RootElement.GetProperty(fields[0]).GetString()!, row.RootElement.GetProperty(fields[1]).GetString()!);
    }

    private static string[] Repeated(string[] texts) => [.. Enumerable.Repeat(texts, Passes).SelectMany(all => all)];

    private static double Rate(int pairs, Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return pairs / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
