using System.Security.Cryptography;
using LlmCourse.Training;

namespace LlmCourse.Tests.Training;

/// <summary>The child: <c>dotnet exec LlmCourse.Tests.dll train FOLDER [in-backward]</c> trains the folder's model, or goes on with that, and prints what came of it.</summary>
internal static class TrainingProcess
{
    public const int Steps = 20;

    public static int Run(string folder, bool stepInBackward)
    {
        using Llm llm = Llm.FromConfig(folder, 7);
        // GPT-2's dropout of 0.1 is on, rows are packed, and an epoch ends in the middle of the run.
        TrainingOptions options = new()
        {
            MaxSteps = Steps,
            LearningRate = 1e-3,
            Seed = 11,
            Accumulation = 2,
            Batches = new() { Size = 3, Packing = true, MaxLength = 32 },
            Checkpoints = new CheckpointOptions { Folder = Path.Combine(folder, "checkpoints"), Every = 2, Resume = true },
        };
        if (stepInBackward)
            options = options with { StepInBackward = true, Accumulation = 1, MaxGradientNorm = null };
        llm.FineTune(TinyLlm.Examples(60), options, new Printer());
        string saved = Path.Combine(folder, "trained");
        llm.Save(saved);
        Console.WriteLine(Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(Path.Combine(saved, "model.safetensors")))));
        return 0;
    }

    private sealed class Printer : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => Console.WriteLine($"step {value.Step}");
    }
}
