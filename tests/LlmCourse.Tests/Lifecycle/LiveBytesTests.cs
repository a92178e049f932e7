using System.Runtime.InteropServices;
using LlmCourse.Adapters;
using LlmCourse.Data;
using LlmCourse.Lifecycle;
using LlmCourse.Training;
using LlmCourse.Training.Optimizers;
using LlmCourse.Transformers;
using TorchSharp;

namespace LlmCourse.Tests.Lifecycle;

/// <summary>What a step really keeps between its forward and backward pass, against the plan. The benchmark <c>memory</c> measures peaks as well.</summary>
[Collection(ProcessWide.Name)]
public sealed partial class LiveBytesTests
{
    private static readonly TransformerConfig Config = new()
    {
        VocabularySize = 500,
        Width = 96,
        Decoder = new StackConfig
        {
            Layers = 4,
            Heads = 4,
            HeadSize = 24,
            KeyValueHeads = 2,
            FeedForwardWidth = 200,
            Causal = true,
            Gated = true,
            Activation = Activation.Silu,
            Norm = new NormConfig { Kind = NormKind.Rms, Placement = NormPlacement.Pre, Final = true },
            Positions = new PositionConfig { Kind = PositionKind.Rotary },
        },
        Head = new HeadConfig { Kind = HeadKind.LanguageModel, Tied = true },
    };

    [SkippableTheory]
    [InlineData(MemoryUse.FullFineTuning, false)]
    [InlineData(MemoryUse.FullFineTuning, true)]
    [InlineData(MemoryUse.Lora, false)]
    public void A_forward_pass_keeps_what_was_planned(MemoryUse use, bool again)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "mallinfo2 is glibc's.");
        const int Rows = 16, Length = 200;
        MemoryParts planned = MemoryPlanner.Plan(Config, new() { Use = use, GradientCheckpointing = again, BatchSize = Rows, Length = Length })
            .Moments.Single(moment => moment.Phase == "loss").Parts;
        using TransformerModel model = new(Config, 1);
        using Batch batch = Batch.ForDecoder([.. Enumerable.Range(0, Rows).Select(row => Enumerable.Range(0, Length).Select(at => (row + at) % 500).ToArray())]);
        Adapter adapter = new AdapterSet(model, null, null).AddLora("a");
        ForwardContext context = (use == MemoryUse.Lora ? AdapterView.Everywhere(adapter) : ForwardContext.Evaluation) with { GradientCheckpointing = again };
        SupervisedObjective objective = use == MemoryUse.Lora ? new(model, context, adapter.Parameters) : new(model, context);

        Kept(objective, batch); // code and buffers are there then
        double kept = Kept(objective, batch);

        Assert.InRange((planned.Activations + planned.Gradients) / kept, 0.85, 1.15);
    }

    private static double Kept(SupervisedObjective objective, Batch batch)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long before = Live();
        using var scope = torch.NewDisposeScope();
        ObjectiveValue value = objective.Compute(batch, null);
        using GraphCuts? cuts = value.Cuts;
        long kept = Live() - before;
        value.Backward();
        foreach (NamedParameter parameter in objective.Parameters)
            parameter.Value.grad = null;
        return kept;
    }

    private static long Live()
    {
        MallocInfo info = MallInfo();
        return (long)(info.InUse + info.Mapped);
    }

    [LibraryImport("libc", EntryPoint = "mallinfo2")]
    private static partial MallocInfo MallInfo();

    // struct mallinfo2: hblkhd is the fifth of its ten fields, uordblks the eighth
    [StructLayout(LayoutKind.Explicit, Size = 80)]
    private struct MallocInfo
    {
        [FieldOffset(32)]
        public nuint Mapped;

        [FieldOffset(56)]
        public nuint InUse;
    }
}
