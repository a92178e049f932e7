using System.Globalization;
using LlmCourse.Benchmarks;

// Usage: dotnet run -c Release --project benchmarks/LlmCourse.Benchmarks -- MODEL [--text FILE] [--rounds N] [--threads N]
//            [--python PYTHON] [--llamacpp SCRIPT] [--json FILE] [--profile] [--only beams]
// MODEL is a folder, a .gguf file, or a shape with random weights (t5-small, bart-base, gpt2, gemma-3-270m, bert-base); PYTHON is an interpreter that has transformers, to be measured in the same run, round by
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
    case [Shapes.Command, string name, string folder]:
        Shapes.Write(name, folder);
        return;
    case [TrainingWorker.Command, string trained, string mode, string threads]:
        TrainingWorker.Run(trained, mode, int.Parse(threads, CultureInfo.InvariantCulture));
        return;
}

BenchmarkArguments arguments = BenchmarkArguments.Parse(args);
string? made = Shapes.Folder(arguments.Model);
try
{
    ModelFigures.Run(arguments, made ?? arguments.Model, BenchmarkArguments.Value(args, "--only"));
}
finally
{
    if (made is not null)
        Directory.Delete(made, recursive: true);
}
