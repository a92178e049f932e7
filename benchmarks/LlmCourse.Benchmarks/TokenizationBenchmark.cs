using System.Diagnostics;
using System.Text;
using LlmCourse.Tokenization;

namespace LlmCourse.Benchmarks;

/// <summary>
/// The lines of a text to tokens by several tokenizers, in turn with Hugging Face's: line after line on one core, and as one batch on all
/// cores. Both sides are asked for the same lists; what they take to make them is a part of the time.
/// </summary>
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
        EncodingOptions even = plain with { Truncation = new() { MaxLength = 32 }, Padding = new() { Length = 32, Id = 0 } };
        (string Name, string Question, Action<PretrainedTokenizer> Work)[] figures =
        [
            ("line after line: ids", "one", tokenizer => Array.ForEach(lines, line => tokenizer.EncodeIds(line, addSpecialTokens: false))),
            ("one batch: ids", "batch", tokenizer => Read(tokenizer.EncodeBatch(lines, plain), row => row.Ids.Count)),
            ("one batch: ids, tokens, offsets", "full", tokenizer => Read(tokenizer.EncodeBatch(lines, plain), row => row.Ids.Count + row.Tokens.Count + row.Offsets.Count)),
            ("one batch, all of 32 tokens: ids, masks", "even", tokenizer => Read(tokenizer.EncodeBatch(lines, even), row => row.Ids.Count + row.AttentionMask.Count)),
        ];
        Results results = new("tokenizers");
        foreach (string folder in arguments.Model.Split(','))
        {
            string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(folder));
            using Peer? peer = arguments.Python is null ? null : Peer.Start(arguments, "tokenization_peer.py", folder, text);
            for (int round = 0; round < arguments.Rounds; round++)
            {
                foreach ((string figure, string question, Action<PretrainedTokenizer> work) in figures)
                {
                    // A fresh one each time, on either side: what it remembers of words is a part of its work.
                    PretrainedTokenizer tokenizer = PretrainedTokenizer.Load(folder);
                    tokenizer.EncodeIds("warm", addSpecialTokens: false);
                    long start = Stopwatch.GetTimestamp();
                    work(tokenizer);
                    results.Add($"{name}, {figure}", "MB/s", size / Stopwatch.GetElapsedTime(start).TotalSeconds, peer?.Ask(question));
                }
            }

            Console.Error.WriteLine(name);
        }

        Console.WriteLine(results.Table());
        if (arguments.Json is not null)
            File.WriteAllText(arguments.Json, results.ToJson(arguments));
    }

    /// <summary>Has the lists made that somebody would read.</summary>
    private static void Read(IReadOnlyList<EncodedText> rows, Func<EncodedText, int> length) => GC.KeepAlive(rows.Sum(length));
}
