namespace LlmCourse.Benchmarks;

/// <summary>
/// Fine-tuning steps (fp32, fused AdamW, clipping), ours and Hugging Face's in turn, each in a process of its own: tokens a
/// second, and the peak of memory since the model was loaded. "Compact" is <see cref="Training.TrainingOptions.CompactMemory"/>, which
/// the others have no counterpart of, "lora" and "lora-qv" adapters of rank 8 (peft's on the other side), "in-backward" <see cref="Training.TrainingOptions.StepInBackward"/>, where nobody clips: they are asked for a plain step.
/// </summary>
internal static class TrainingBenchmark
{
    public static void Run(BenchmarkArguments arguments, string? modes)
    {
        Results results = new("transformers");
        foreach (string mode in modes?.Split(',') ?? ["full", "compact", "checkpointing", "in-backward", "in-backward+compact", "in-backward+checkpointing", "lora", "lora-qv", "lora+checkpointing"])
        {
            // "a:b" is our own a beside our own b.
            string[] sides = mode.Split(':');
            using Peer ours = Peer.StartOurselves(TrainingWorker.Command, arguments.Model, sides[0], $"{arguments.Threads}");
            using Peer? theirs = sides.Length > 1 ? Peer.StartOurselves(TrainingWorker.Command, arguments.Model, sides[1], $"{arguments.Threads}")
                : arguments.Python is null ? null : Peer.Start(arguments, "training_peer.py", arguments.Model, mode, $"{arguments.Threads}");
            double first = ours.Ask("step") + (theirs?.Ask("step") ?? 0); // code is compiled, state allocated
            for (int round = 0; round < arguments.Rounds; round++)
            {
                results.Add($"{mode}", "tokens/s", Step(ours), theirs is null ? null : Step(theirs));
                Console.Error.WriteLine($"{mode}, round {round + 1} of {arguments.Rounds}");
            }

            results.Add($"{mode}, resident before", "MB", ours.Ask("before"), theirs?.Ask("before"));
            results.Add($"{mode}, peak", "MB", ours.Ask("peak"), theirs?.Ask("peak"));
        }

        // The threads of the side that has just finished wait busily for a while: not at the cost of the other.
        static double Step(Peer side)
        {
            Thread.Sleep(500);
            return side.Ask("step");
        }

        Console.WriteLine(results.Table());
        if (arguments.Json is not null)
            File.WriteAllText(arguments.Json, results.ToJson(arguments));
    }
}
