using LlmCourse.Adapters;
using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Tests.Checkpoints;
using LlmCourse.Training;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Tests.Adapters;

/// <summary>Several adapters merged, adapters made over merged weights, and copies.</summary>
public sealed class AdapterMergingTests
{
    public static TheoryData<string, string[]> Tables => new()
    {
        { "gpt2", ["embeddings.tokens"] }, { "gpt2", ["embeddings.tokens", "head.output"] }, { "gpt2", ["head.output"] },
        { "bart", ["embeddings.tokens"] }, { "t5", ["embeddings.tokens", "head.output"] }, { "bert", ["embeddings.tokens", "head.output"] },
    };

    [SkippableTheory]
    [MemberData(nameof(Tables))]
    public void Several_come_out_in_any_order_where_the_output_was_tied(string family, string[] targets)
    {
        using Llm llm = TinyAdapters.Load(family);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using Batch batch = TinyAdapters.Batch(llm);
        Dictionary<string, Tensor> before = TinyAdapters.Weights(llm);
        llm.Adapters.AddLora("a", new() { Rank = 3, Targets = targets });
        llm.Adapters.AddLora("b", new() { Rank = 2 });
        foreach (string name in new[] { "a", "b" })
            TinyAdapters.Shake(llm.With(name), name[0]);
        Tensor both = llm.With("a", "b").Logits(batch), first = llm.With("a").Logits(batch), second = llm.With("b").Logits(batch);
        foreach (string[] order in new[] { new[] { "a", "b" }, ["b", "a"] })
        {
            foreach (string taken in order)
            {
                llm.Adapters.Merge(order[0]);
                llm.Adapters.Merge(order[1]);
                Close(both, llm.Logits(batch), "both");
                llm.Adapters.Unmerge(taken);
                Close(taken == "a" ? second : first, llm.Logits(batch), "one left");
                Close(both, llm.With("a", "b").Logits(batch), "the other beside it");
                llm.Adapters.Unmerge(taken == "a" ? "b" : "a");
                TinyAdapters.AssertUntouched(before, llm);
            }
        }
    }

    [SkippableFact]
    public void What_does_not_add_up_is_not_merged_over_another()
    {
        using Llm llm = TinyAdapters.Load("llama");
        using var scope = NewDisposeScope();
        llm.Adapters.AddLora("a", new() { Targets = ["down"] });
        llm.Adapters.AddLora("b", new() { TrainedModules = ["mlp.down_proj"] });
        llm.Adapters.AddLora("c", new() { Dora = true, Targets = ["down"] });
        llm.Adapters.Merge("a");
        Dictionary<string, Tensor> merged = TinyAdapters.Weights(llm);
        Assert.Contains("'b'", Assert.Throws<ArgumentException>(() => llm.Adapters.Merge("b")).Message, StringComparison.Ordinal);
        Assert.Contains("'c'", Assert.Throws<ArgumentException>(() => llm.Adapters.Merge("c")).Message, StringComparison.Ordinal);
        TinyAdapters.AssertUntouched(merged, llm);
    }

    [SkippableFact]
    public void What_starts_from_the_base_is_not_made_over_a_merged_one()
    {
        using Llm llm = TinyAdapters.Load("llama");
        using TemporaryFolder folder = new();
        foreach (string kind in new[] { "lora", "pissa", "embedding" })
            TinyAdapters.Add(llm, kind, kind);
        llm.Adapters.Save("pissa", folder["pissa"]);
        TinyAdapters.Shake(llm.With("lora"));
        TinyAdapters.Shake(llm.With("embedding"));
        llm.Adapters.Merge("lora");
        foreach (string kind in new[] { "pissa", "dora" })
            Assert.Contains("decoder.0.self.q", Assert.Throws<InvalidOperationException>(() => TinyAdapters.Add(llm, "new", kind)).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => llm.Adapters.Load("new", folder["pissa"]));
        TinyAdapters.Add(llm, "new", "rslora"); // a plain one means the same over any weights
        llm.Adapters.Unmerge("lora");
        llm.Adapters.Merge("embedding");
        Assert.Contains("embeddings.tokens", Assert.Throws<InvalidOperationException>(() => llm.Adapters.Save("embedding", folder["table"])).Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Biases_that_were_trained_meanwhile_are_not_lost()
    {
        using Llm llm = TinyAdapters.Load("gpt2");
        llm.Adapters.AddLora("a");
        llm.Adapters.Merge("a");
        llm.Model.SetTrainable(false, "*.weight");
        llm.FineTune(TinyLlm.Examples(4), new TrainingOptions { MaxSteps = 1 });
        Assert.Contains("was written to", Assert.Throws<InvalidOperationException>(() => llm.Adapters.Unmerge("a")).Message, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("lora")]
    [InlineData("prompt")]
    [InlineData("prefix")]
    [InlineData("projection")]
    [InlineData("lstm")]
    public void A_copy_is_trained_and_the_original_is_not(string kind)
    {
        using Llm llm = TinyAdapters.Load("llama");
        using var scope = NewDisposeScope();
        using Batch batch = TinyAdapters.Batch(llm);
        TinyAdapters.Add(llm, "a", kind);
        llm.Adapters.Copy("a", "b"); // with gradients on, as they are by default
        llm.With("b").Loss(batch).backward();
        Assert.All(llm.With("b").TrainableParameters(), parameter => Assert.True(parameter.is_leaf && parameter.grad is not null));
        Assert.All(llm.With("a").TrainableParameters(), parameter => Assert.Null(parameter.grad));
        llm.Adapters.Remove("b");
    }

    [SkippableFact]
    public void Combinations_of_unequal_ranks_are_refused_by_module()
    {
        using Llm llm = TinyAdapters.Load("llama");
        llm.Adapters.AddLora("a", new() { Rank = 4, RankPattern = new Dictionary<string, int> { ["decoder.0.self.q"] = 1 } });
        llm.Adapters.AddLora("b", new() { Rank = 4 });
        ArgumentException error = Assert.Throws<ArgumentException>(() => llm.Adapters.Combine("x", [("a", 1), ("b", 1)], new() { Method = CombinationMethod.Linear }));
        Assert.Contains("decoder.0.self.q, found 1 and 4", error.Message, StringComparison.Ordinal);
        Assert.Equal(["a", "b"], llm.Adapters.Names);
    }

    [SkippableFact]
    public void Changes_of_any_shape_and_rank_are_the_formula()
    {
        Random random = new(3);
        using var noGrad = no_grad();
        for (int i = 0; i < 60; i++)
        {
            using var scope = NewDisposeScope();
            (int input, int output, int rank) = (random.Next(1, 70), random.Next(1, 70), random.Next(1, 20));
            double scale = (random.NextDouble() * 4) - 2;
            Tensor down = randn(rank, input), up = randn(output, rank), weight = randn(output, input), bias = randn(output), x = randn(random.Next(1, 4), random.Next(1, 9), input);
            using LowRankChange change = new(down, up, scale);
            Tensor expected = nn.functional.linear(x, weight.add(up.mm(down).mul(scale)), bias);
            Parameter trained = new(x.clone());
            SiteModule module = new(new("q", SiteKind.Linear, input, output), weight, bias, ForwardContext.Evaluation, nn.functional.linear);
            double tolerance = 1e-5 * (1 + expected.abs().max().Number());
            TinyFamilies.Close(expected, change.Apply(module, x, null), tolerance, "without gradient");
            (Tensor merged, Tensor? mergedBias) = change.Merge(weight, bias);
            TinyFamilies.Close(expected, nn.functional.linear(x, merged, mergedBias), tolerance, "merged");
            using (enable_grad())
                TinyFamilies.Close(expected, change.Apply(module, trained, null), tolerance, "with gradient");
        }
    }

    private static void Close(Tensor expected, Tensor actual, string what) =>
        TinyFamilies.Close(expected, actual, 1e-5 * Math.Max(1, expected.abs().max().Number()), what);
}
