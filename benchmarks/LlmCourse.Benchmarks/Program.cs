using System.Globalization;
using LlmCourse.Benchmarks;

// Usage: dotnet run -c Release --project benchmarks/LlmCourse.Benchmarks -- MODEL [--text FILE] [--rounds N] [--threads N]
//            [--python PYTHON] [--llamacpp SCRIPT] [--json FILE] [--profile] [--only beams]
// MODEL is a folder or a .gguf file; PYTHON is an interpreter that has transformers, to be measured in the same run, round by
// round in turn with ours. SCRIPT is run by it afterwards as "SCRIPT MODEL --threads N" (llama.cpp on the quantised file), and
// what it prints stands below the table. With "--only beams" nothing but beam search is measured.
// Or: metrics FILE [--fields PREDICTION,REFERENCE] [--rounds N] [--python PYTHON] [--json FILE]: ROUGE and BLEU of the texts in a
// file of JSON lines, in turn with rouge_score and sacreBLEU.
// Or: tokenization FOLDER[,FOLDER ...] --text FILE [--rounds N] [--python PYTHON] [--json FILE]: tokenizers of several kinds on the lines of
// a text, in turn with Hugging Face's tokenizers.
// Or: training MODEL [--rounds N] [--threads N] [--python PYTHON] [--json FILE] [--modes MODE,...]: steps of full fine-tuning in each
// mode (joined with + where they go together), and the memory they take; MODEL may also be t5-small, for random weights of that shape.
// Or: memory MODEL[,MODEL ...] [--methods METHOD[,METHOD ...]] [--threads N] [--picture FILE.png]: what a training step holds against what
// the planner says; MODEL may also be tiny-t5 or t5-small.
CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
switch (args)
{
    case ["metrics", ..]:
        MetricsBenchmark.Run(args);
        return;
    case ["tokenization", ..]:
        TokenizationBenchmark.Run(args);
        return;
    case ["training", ..]:
        TrainingBenchmark.Run(BenchmarkArguments.Parse(args[1..]), BenchmarkArguments.Value(args, "--modes"));
        return;
    case ["memory", string models, ..]:
        MemoryBenchmark.Run(
            models.Split(','), BenchmarkArguments.Value(args, "--methods")?.Split(',') ?? MemoryCase.Methods,
            int.Parse(BenchmarkArguments.Value(args, "--threads") ?? $"{Environment.ProcessorCount}", CultureInfo.InvariantCulture), BenchmarkArguments.Value(args, "--picture"));
        return;
    case [MemoryWorker.Command, string measured, string method, string workers]:
        MemoryWorker.Run(measured, method, int.Parse(workers, CultureInfo.InvariantCulture));
        return;
    case [TrainingWorker.Command, string trained, string mode, string threads]:
        TrainingWorker.Run(trained, mode, int.Parse(threads, CultureInfo.InvariantCulture));
        return;
}

BenchmarkArguments arguments = BenchmarkArguments.Parse(args);
TorchSharp.torch.set_num_threads(arguments.Threads);

using ModelBenchmark ours = ModelBenchmark.Load(arguments.Model);
if (arguments.Profile)
{
    OperatorProfile.Print(ours);
    return;
}

Results results = new("transformers");
using Peer? peer = arguments.Python is null ? null : Peer.Start(arguments, "peer.py", arguments.Model, $"{arguments.Threads}");
bool beamsOnly = BenchmarkArguments.Value(args, "--only") == "beams";
results.Add("load", "GB/s", ours.LoadRate, null);
for (int round = 0; round < arguments.Rounds; round++)
{
    results.Add("beam search, 4 beams", "steps/s", ours.Beams(4), peer?.Ask("beams 4"));
    if (beamsOnly)
        continue;
    results.Add("memory bandwidth", "GB/s", Machine.MemoryBandwidth(arguments.Threads), null);
    results.Add("GEMM", "GFLOP/s", Machine.GemmRate(), null);
    foreach (int batch in new[] { 1, 8 })
        results.Add($"decode B={batch}", "tokens/s", ours.Decode(batch), peer?.Ask($"decode {batch}"));
    results.Add("prefill 512", "tokens/s", ours.Prefill(512), peer?.Ask("prefill 512"));
    if (arguments.Text is not null)
        results.Add("tokenization", "MB/s", ours.Tokenize(arguments.Text), peer?.Ask($"tokenize {arguments.Text}"));
    Console.Error.WriteLine($"round {round + 1} of {arguments.Rounds}");
}

if (!beamsOnly)
    results.Derive("decode B=1, share of the weight-streaming floor", ours.WeightBytes / 1e9 * results.Median("decode B=1") / results.Median("memory bandwidth"));
results.Derive("load, seconds", ours.LoadSeconds);
results.Derive("peak memory of loading and decoding B=1, in sizes of the weights", ours.Memory);
Console.WriteLine(results.Table());
if (arguments.LlamaCpp is not null)
    Console.WriteLine($"llama.cpp, weights as they are in the file: {Peer.RunScript(arguments)}");
if (arguments.Json is not null)
    File.WriteAllText(arguments.Json, results.ToJson(arguments));
