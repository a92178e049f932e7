namespace LlmCourse.Benchmarks;

/// <summary>What a model does in a second, round by round in turn with transformers, beside what the machine could do.</summary>
internal static class ModelFigures
{
    public static void Run(BenchmarkArguments arguments, string model, string? only)
    {
        TorchSharp.torch.set_num_threads(arguments.Threads);
        using ModelBenchmark ours = ModelBenchmark.Load(model);
        if (arguments.Profile)
        {
            OperatorProfile.Print(ours);
            return;
        }

        Results results = new("transformers");
        using Peer? peer = arguments.Python is null ? null : Peer.Start(arguments, "peer.py", model, $"{arguments.Threads}");
        for (int round = 0; round < arguments.Rounds; round++)
        {
            if (only == "beams")
                Beams();
            else if (ours.Generates)
                Generation();
            else
                Reading();
            if (arguments.Text is not null)
                results.Add("tokenization", "MB/s", ours.Tokenize(arguments.Text), peer?.Ask($"tokenize {arguments.Text}"));
            Console.Error.WriteLine($"round {round + 1} of {arguments.Rounds}");
        }

        if (ours.Generates && !ours.HasEncoder && only is null)
            results.Derive("decode B=1, share of the weight-streaming floor", ours.WeightBytes / 1e9 * results.Median("decode B=1") / results.Median("memory bandwidth"));
        results.Derive("load, seconds", ours.LoadSeconds);
        results.Derive("load, GB/s of fp32 weights", ours.LoadRate);
        if (ours.Generates)
            results.Derive("peak memory of loading and decoding B=1, in sizes of the weights", ours.Memory);
        Console.WriteLine(results.Table());
        if (arguments.LlamaCpp is not null)
            Console.WriteLine($"llama.cpp, weights as they are in the file: {Peer.RunScript(arguments)}");
        if (arguments.Json is not null)
            File.WriteAllText(arguments.Json, results.ToJson(arguments));

        void Generation()
        {
            Beams();
            Limits();
            foreach (int batch in new[] { 1, 8 })
                results.Add($"decode B={batch}", "tokens/s", ours.Decode(batch), peer?.Ask($"decode {batch}"));
            results.Add("prefill 512", "tokens/s", ours.Prefill(512), peer?.Ask("prefill 512"));
        }

        void Reading()
        {
            Limits();
            foreach (int batch in new[] { 1, 8 })
                results.Add($"read {batch} × 128", "tokens/s", ours.Read(batch, 128), peer?.Ask($"read {batch}"));
        }

        void Beams() => results.Add("beam search, 4 beams", "steps/s", ours.Beams(4), peer?.Ask("beams 4"));

        void Limits()
        {
            results.Add("memory bandwidth", "GB/s", Machine.MemoryBandwidth(arguments.Threads), null);
            results.Add("GEMM", "GFLOP/s", Machine.GemmRate(), null);
        }
    }
}
