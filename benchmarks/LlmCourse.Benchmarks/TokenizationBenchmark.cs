using System.Diagnostics;
using System.Text;
using LlmCourse.Tokenization;

namespace LlmCourse.Benchmarks;

/// <summary>Texts to ids by several tokenizers, in turn with Hugging Face's: line after line on one core, and all lines as one batch.</summary>
internal static class TokenizationBenchmark
{
    /// <param name="args">"tokenization FOLDER[,FOLDER ...] --text FILE [--rounds N] [--python PYTHON] [--json FILE]".</param>
    public static void Run(string[] args)
    {
        BenchmarkArguments arguments = BenchmarkArguments.Parse(args[1..]);
        string text = arguments.Text ?? throw new ArgumentException("--text FILE is needed.");
        string[] lines = File.ReadAllLines(text);
        double size = lines.Sum(line => (long)Encoding.UTF8.GetByteCount(line)) / 1e6;
        EncodingOptions plain = new() { AddSpecialTokens = false };
        Results results = new("tokenizers");
        foreach (string folder in arguments.Model.Split(','))
        {
            string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(folder));
            using Peer? peer = arguments.Python is null ? null : Peer.Start(arguments, "tokenization_peer.py", folder, text);
            for (int round = 0; round < arguments.Rounds; round++)
            {
                // A fresh one each round: what it remembers of words is a part of its work, as it is of the peer's first round.
                PretrainedTokenizer tokenizer = PretrainedTokenizer.Load(folder);
                tokenizer.EncodeIds("warm", addSpecialTokens: false);
                results.Add($"{name}, line after line", "MB/s", size / Seconds(() =>
                {
                    foreach (string line in lines)
                        tokenizer.EncodeIds(line, addSpecialTokens: false);
                }), peer?.Ask("one"));
                results.Add($"{name}, one batch", "MB/s", size / Seconds(() => tokenizer.EncodeBatch(lines, plain)), peer?.Ask("batch"));
            }

            Console.Error.WriteLine(name);
        }

        Console.WriteLine(results.Table());
        if (arguments.Json is not null)
            File.WriteAllText(arguments.Json, results.ToJson(arguments));
    }

    private static double Seconds(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
