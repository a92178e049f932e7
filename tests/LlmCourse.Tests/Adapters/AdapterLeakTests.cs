using LlmCourse.Adapters;
using LlmCourse.Data;
using LlmCourse.Generation;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Tests.Adapters;

/// <summary>Switching, training, merging and removing adapters leaves no tensor behind.</summary>
[Collection(ProcessWide.Name)]
public sealed class AdapterLeakTests
{
    [SkippableFact]
    public void A_thousand_switches_leave_nothing()
    {
        using Llm llm = TinyAdapters.Load("llama");
        string[] kinds = [.. TinyAdapters.Kinds, .. TinyAdapters.Prompts];
        foreach (string kind in kinds)
            TinyAdapters.Add(llm, kind, kind);
        using Batch batch = TinyAdapters.Batch(llm);
        using var noGrad = no_grad();
        ProcessWide.LeavesNoTensors(1000, i => llm.With(kinds[(i + 1) % kinds.Length]).Logits(batch).Dispose());
    }

    [SkippableTheory]
    [InlineData("llama", "all-linear", 1000)]
    [InlineData("llama", "dora", 100)]
    [InlineData("gpt2", "biases", 100)]
    [InlineData("bart", "norms", 100)]
    [InlineData("t5", "embedding", 100)]
    [InlineData("t5-gated", "ia3", 100)]
    [InlineData("llama", "prompt", 100)]
    [InlineData("bart", "projection", 100)]
    [InlineData("gpt2", "lstm", 50)]
    public void Steps_leave_nothing(string family, string kind, int steps)
    {
        using Llm llm = TinyAdapters.Load(family);
        TinyAdapters.Add(llm, "a", kind);
        Llm view = llm.With("a");
        using Batch batch = TinyAdapters.Batch(llm);
        using AdamW adam = new(view.TrainableParameters(), 1e-3);
        ProcessWide.LeavesNoTensors(steps, _ =>
        {
            using var scope = NewDisposeScope();
            adam.ZeroGrad();
            view.Loss(batch).backward();
            adam.Step();
        });
    }

    [SkippableFact]
    public void Choosing_ranks_leaves_nothing()
    {
        using Llm llm = TinyAdapters.Load("llama");
        Adapter adapter = llm.Adapters.AddAdaLora("a", new() { InitialRank = 3, TargetRank = 1, TotalSteps = 1000 });
        Llm view = llm.With("a");
        using Batch batch = TinyAdapters.Batch(llm);
        using AdamW adam = new(view.TrainableParameters(), 1e-3);
        ProcessWide.LeavesNoTensors(100, _ =>
        {
            using var scope = NewDisposeScope();
            adam.ZeroGrad();
            view.Loss(batch).backward();
            adam.Step();
            adapter.Allocate();
        });
    }

    [SkippableFact]
    public void Adding_merging_and_removing_leaves_nothing()
    {
        using Llm llm = TinyAdapters.Load("bart");
        Work(llm);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long before = torch.Tensor.TotalCount;
        long made = Work(llm);
        // TorchSharp counts a parameter twice, itself and the tensor it was made of, and takes one off when it is disposed.
        Assert.Equal(before + made, torch.Tensor.TotalCount);
    }

    private static long Work(Llm llm)
    {
        long made = 0;
        foreach (string kind in TinyAdapters.Kinds)
        {
            TinyAdapters.Add(llm, kind, kind);
            made += 2 * llm.With(kind).TrainableParameters().Count();
            llm.Adapters.Merge(kind);
            made += llm.Model.Config.Head.Tied ? 0 : 1; // an output of its own
            llm.WithRows(null, kind).Generate(["ab", "c"], new GenerationOptions { MaxNewTokens = 2 });
            llm.Adapters.Unmerge(kind);
            llm.Adapters.Copy(kind, "copy");
            llm.Adapters.Remove("copy");
            llm.Adapters.Remove(kind);
        }

        return made;
    }
}
