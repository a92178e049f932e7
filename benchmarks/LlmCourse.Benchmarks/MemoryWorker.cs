using System.Text.Json;
using LlmCourse.Adapters;
using LlmCourse.Checkpoints;
using LlmCourse.Data;
using LlmCourse.Training;
using LlmCourse.Training.Optimizers;
using LlmCourse.Transformers;
using TorchSharp;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Benchmarks;

/// <summary>
/// Trains one model in a process of its own and prints what memory held, as a line of JSON (<see cref="MeasuredMemory"/>). Everything is
/// counted above what was allocated before the model was loaded, when a small model had trained once: code, thread pools and the
/// buffers of matrix products are there by then.
/// </summary>
internal static class MemoryWorker
{
    public const string Command = "memory-worker";

    private const int Steps = 3;

    public static void Run(string model, string method, int threads)
    {
        torch.set_num_threads(threads);
        using LiveMemory live = new();
        Measure(new MemoryCase(Shapes.TinyT5, method), live);
        Console.WriteLine(JsonSerializer.Serialize(Measure(new MemoryCase(model, method), live)));
    }

    private static MeasuredMemory Measure(MemoryCase measured, LiveMemory live)
    {
        Settle();
        long before = LiveMemory.Now;
        double resident = Memory.ResetPeak();
        using Pretrained pretrained = measured.Load();
        Settle();
        long weights = LiveMemory.Now - before;
        using Batch batch = measured.Batch(pretrained.Model.Config);
        (ForwardContext context, NamedParameter[] parameters, IDisposable? owner) = Prepare(measured, pretrained.Model);
        using (owner)
        {
            context = context with { GradientCheckpointing = measured.Checkpointing };
            SupervisedObjective objective = parameters.Length == 0 ? new(pretrained.Model, context) : new(pretrained.Model, context, parameters);
            using IOptimizer optimizer = new AdamWOptions { WeightDecay = 0.01 }.Create(objective.Parameters);
            MeasuredMemory most = new() { Weights = weights };
            for (int step = 0; step < Steps; step++)
            {
                MeasuredMemory seen = Step(objective, optimizer, batch, measured, live, before);
                if (step > 0) // the first has no states before its update
                    most = most.With(seen);
            }

            return most with { ResidentPeak = (long)((Memory.Peak() - resident) * (1 << 20)) };
        }
    }

    // What the trainer does in a step.
    private static MeasuredMemory Step(SupervisedObjective objective, IOptimizer optimizer, Batch batch, MemoryCase measured, LiveMemory live, long before)
    {
        Settle();
        long idle = LiveMemory.Now - before, forward, kept, backward, after;
        double weight;
        live.TakeMost();
        using (torch.NewDisposeScope())
        using (DropoutMasks? dropout = measured.Dropout ? new DropoutMasks(1) : null)
        {
            ObjectiveValue value = objective.Compute(batch, dropout);
            using GraphCuts? cuts = value.Cuts;
            weight = value.Weight;
            (forward, kept) = (live.TakeMost() - before, LiveMemory.Now - before);
            value.Backward(measured.StepInBackward ? part => Update(part, null) : null);
            (backward, after) = (live.TakeMost() - before, LiveMemory.Now - before);
        }

        live.TakeMost(); // the loss was still there a moment ago
        Update([.. objective.Parameters.Select(parameter => parameter.Value)], measured.StepInBackward ? null : 1);
        long update = live.TakeMost() - before;
        return new MeasuredMemory { Idle = idle, Forward = forward, AfterForward = kept, Backward = backward, AfterBackward = after, Update = update };

        void Update(IReadOnlyList<Parameter> parameters, double? clip)
        {
            double norm = GradientNorm.Of(parameters) / weight;
            optimizer.Step(1e-5, (clip is { } most ? GradientNorm.ClipFactor(norm, most) : 1) / weight, parameters);
            foreach (Parameter parameter in parameters)
                parameter.grad = null;
        }
    }

    private static (ForwardContext Context, NamedParameter[] Parameters, IDisposable? Owner) Prepare(MemoryCase measured, TransformerModel model)
    {
        switch (measured.Use)
        {
            case Lifecycle.MemoryUse.Lora:
                Adapter adapter = Lora.Make("measured", measured.Lora, model, new AdapterSites(model, null));
                return (AdapterView.Everywhere(adapter), [.. adapter.Parameters], new Owner(adapter.Dispose));
            case Lifecycle.MemoryUse.PromptTuning:
                Adapter prompt = new AdapterSet(model, null, null).AddPromptTuning("measured", new() { VirtualTokens = MemoryCase.VirtualTokens });
                return (AdapterView.Everywhere(prompt), [.. prompt.Parameters], new Owner(prompt.Dispose));
            default:
                return (ForwardContext.Evaluation, [], null);
        }
    }

    // What only the collector frees is none of the model's.
    private static void Settle()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Memory.Trim();
    }

    private sealed class Owner(Action dispose) : IDisposable
    {
        public void Dispose() => dispose();
    }
}
