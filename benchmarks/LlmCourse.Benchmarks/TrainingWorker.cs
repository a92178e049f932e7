using System.Diagnostics;
using System.Globalization;
using LlmCourse.Adapters;
using LlmCourse.Checkpoints;
using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Training;
using LlmCourse.Training.Optimizers;
using LlmCourse.Transformers;
using TorchSharp;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Benchmarks;

/// <summary>
/// Trains one model in a process of its own and answers, one line each: <c>step</c> gives tokens a second of one step,
/// <c>peak</c> the most memory resident since the model was loaded, in MB, and <c>before</c> what was resident then.
/// </summary>
internal static class TrainingWorker
{
    public const string Command = "training-worker";

    public static void Run(string model, string mode, int threads)
    {
        torch.set_num_threads(threads);
        string[] parts = mode.Split('+');
        using IDisposable memory = NativeMemory.ForTraining(parts.Contains("compact"));
        (TransformerModel transformer, Batch batch, IDisposable owner) = Prepare(model);
        using (owner)
        using (batch)
        {
            SupervisedObjective objective = Objective(transformer, parts);
            using IOptimizer optimizer = new AdamWOptions { WeightDecay = 0.01 }.Create(objective.Parameters);
            GC.Collect();
            Memory.Trim();
            double before = Memory.ResetPeak();
            Console.WriteLine("ready");
            while (Console.ReadLine() is { } line)
            {
                double figure = line switch
                {
                    "step" => Step(objective, optimizer, batch, parts.Contains("in-backward")),
                    "peak" => Memory.Peak(),
                    _ => before,
                };
                Console.WriteLine(figure.ToString(CultureInfo.InvariantCulture));
            }
        }
    }

    // "lora" is rank 8 on every linear map, "lora-qv" on q and v.
    private static SupervisedObjective Objective(TransformerModel model, string[] parts)
    {
        bool recomputes = parts.Contains("checkpointing");
        if (!parts.Contains("lora") && !parts.Contains("lora-qv"))
            return new(model, new ForwardContext { GradientCheckpointing = recomputes });
        LoraOptions options = new() { Rank = 8, Alpha = 16, Targets = parts.Contains("lora") ? [LoraOptions.AllLinear] : null };
        Adapter adapter = Lora.Make("benchmark", options, model, new AdapterSites(model, null)); // lives as long as the process
        return new(model, AdapterView.Everywhere(adapter) with { GradientCheckpointing = recomputes }, adapter.Parameters);
    }

    // What the trainer does in a step.
    private static double Step(SupervisedObjective objective, IOptimizer optimizer, Batch batch, bool inBackward)
    {
        long start = Stopwatch.GetTimestamp();
        using var scope = torch.NewDisposeScope();
        ObjectiveValue value = objective.Compute(batch, null);
        using GraphCuts? cuts = value.Cuts;
        value.Backward(inBackward ? part => Update(part, null) : null);
        Update([.. objective.Parameters.Select(parameter => parameter.Value)], inBackward ? null : 1);
        return value.Tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;

        void Update(IReadOnlyList<Parameter> parameters, double? clip)
        {
            double norm = GradientNorm.Of(parameters) / value.Weight; // tells a gradient that is not a number, clipping or not
            if (!double.IsFinite(norm))
                throw new InvalidOperationException("A gradient is not a number.");
            optimizer.Step(1e-5, (clip is { } most ? GradientNorm.ClipFactor(norm, most) : 1) / value.Weight, parameters);
            foreach (Parameter parameter in parameters)
                parameter.grad = null;
        }
    }

    private static (TransformerModel Model, Batch Batch, IDisposable Owner) Prepare(string model)
    {
        Random random = new(1);
        int[][] Rows(int count, int length, int vocabulary) => [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, length).Select(_ => random.Next(10, vocabulary - 10)).ToArray())];
        if (Shapes.Config(model) is { } shape)
        {
            Pretrained t5 = Pretrained.FromConfig(shape, 1);
            return (t5.Model, Batch.ForEncoderDecoder(Rows(8, 128, t5.Model.Config.VocabularySize), Rows(8, 32, t5.Model.Config.VocabularySize), 0, 0), t5);
        }

        Llm llm = Llm.Load(model);
        return (llm.Model, Batch.ForDecoder(Rows(4, 128, llm.Model.Config.VocabularySize)), llm);
    }
}
