using LlmCourse.Adapters;
using LlmCourse.Checkpoints;
using LlmCourse.Data;
using LlmCourse.Generation;
using LlmCourse.Tests.Checkpoints;
using LlmCourse.Training;
using LlmCourse.Training.Schedules;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Tests.Adapters;

/// <summary>Names, views, options, files that do not fit.</summary>
public sealed class AdapterSetTests
{
    [SkippableFact]
    public void The_courses_example_counts_parameters()
    {
        // 512 × 64 = 32,768 weights; A [8, 64] and B [512, 8] are 8 · 64 + 512 · 8 = 4,608: 86 % fewer.
        using LowRankChange change = new(zeros(8, 64), zeros(512, 8), 1);
        Assert.Equal(4608, change.Parameters.Sum(parameter => parameter.Value.numel()));
        Assert.Equal(86, Math.Round(100 * (1 - (4608 / 32768.0))));
    }

    [SkippableFact]
    public void Names_are_unique_and_known()
    {
        using Llm llm = TinyAdapters.Load("llama");
        llm.Adapters.AddLora("b");
        llm.Adapters.AddIa3("a");
        Assert.Equal(["a", "b"], llm.Adapters.Names);
        Assert.Contains("There is an adapter 'a' already", Assert.Throws<ArgumentException>(() => llm.Adapters.AddLora("a")).Message, StringComparison.Ordinal);
        Assert.Contains("there are a, b", Assert.Throws<KeyNotFoundException>(() => llm.With("c")).Message, StringComparison.Ordinal);
        llm.Adapters.Remove("a");
        Assert.Equal(["b"], llm.Adapters.Names);
        Assert.Throws<ArgumentException>(() => llm.Adapters.AddLora(" "));
    }

    [SkippableTheory]
    [InlineData("llama", "q,v", 2 * 2)]
    [InlineData("llama", "q_proj,v_proj", 2 * 2)]
    [InlineData("llama", "decoder.1.self.q", 1)]
    [InlineData("llama", "all-linear", 2 * 7)]
    [InlineData("gpt2", "qkv", 2)]
    [InlineData("gpt2", "c_proj", 2 * 2)]
    [InlineData("t5", "q,v", 2 * (2 + 3 + 3))]
    [InlineData("bart", "q", 2 + 2 + 2)]
    public void Targets_are_called_by_either_name(string family, string targets, int modules)
    {
        using Llm llm = TinyAdapters.Load(family);
        Assert.Equal(modules, llm.Adapters.AddLora("a", new() { Targets = targets.Split(',') }).Modules.Count);
    }

    [SkippableTheory]
    [InlineData("llama", "queries", "no module is called 'queries'")]
    [InlineData("gpt2", "q", "'qkv' (transformer.h.0.attn.c_attn)")]
    public void Targets_that_name_nothing_are_refused(string family, string target, string message)
    {
        using Llm llm = TinyAdapters.Load(family);
        ArgumentException error = Assert.Throws<ArgumentException>(() => llm.Adapters.AddLora("a", new() { Targets = ["o", target] }));
        Assert.Contains("LoraOptions.Targets", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Empty(llm.Adapters.Names);
    }

    [SkippableFact]
    public void Options_that_make_no_sense_are_refused_by_name()
    {
        using Llm llm = TinyAdapters.Load("llama");
        (LoraOptions Options, string Property)[] wrong =
        [
            (new() { Rank = 0 }, "Rank"), (new() { Alpha = double.NaN }, "Alpha"), (new() { Dropout = 1 }, "Dropout"), (new() { Targets = [] }, "Targets"),
            (new() { Targets = ["q"], TargetPattern = ".*" }, "TargetPattern"), (new() { TargetPattern = "(" }, "Targets"), (new() { Layers = [7] }, "Layers"),
            (new() { RankPattern = new Dictionary<string, int> { ["down"] = 4 } }, "RankPattern"), (new() { AlphaPattern = new Dictionary<string, double> { ["x"] = 4 } }, "AlphaPattern"),
            (new() { TrainedModules = ["classifier"] }, "TrainedModules"), (new() { Dora = true, Initialization = LoraInitialization.Pissa }, "Initialization"),
            (new() { Rank = 33, Initialization = LoraInitialization.Olora }, "Rank"), (new() { Dora = true, UpBias = true }, "UpBias"),
        ];
        foreach ((LoraOptions options, string property) in wrong)
            Assert.Contains("LoraOptions." + property, Assert.Throws<ArgumentException>(() => llm.Adapters.AddLora("a", options)).Message, StringComparison.Ordinal);
        Assert.Empty(llm.Adapters.Names);
    }

    [SkippableFact]
    public void What_peft_could_not_read_is_refused_before_it_is_trained()
    {
        using Llm llm = TinyAdapters.Load("gpt2");
        Assert.Contains("LoraOptions.Initialization", Assert.Throws<ArgumentException>(() => llm.Adapters.AddLora("a", new() { Initialization = LoraInitialization.Olora })).Message, StringComparison.Ordinal);
        // An encoder and a decoder read their shared table under names of their own.
        using Llm both = TinyAdapters.Load("t5");
        using TemporaryFolder folder = new();
        TinyAdapters.Add(both, "a", "embedding");
        both.Adapters.Save("a", folder["adapter"]);
        using SafetensorsFile file = SafetensorsFile.Open(folder["adapter/adapter_model.safetensors"]);
        Assert.Contains("base_model.model.encoder.embed_tokens.lora_embedding_A", file.Weights.Keys);
        Assert.Contains("base_model.model.decoder.embed_tokens.lora_embedding_A", file.Weights.Keys);
        Assert.DoesNotContain(file.Weights.Keys, key => key.Contains("shared", StringComparison.Ordinal));
    }

    [SkippableFact]
    public void Fine_tuning_a_view_trains_its_adapter_and_resumes()
    {
        using Llm llm = TinyAdapters.Load("llama");
        using var scope = NewDisposeScope();
        using TemporaryFolder folder = new();
        Dictionary<string, Tensor> before = TinyAdapters.Weights(llm);
        TrainingOptions options = new() { LearningRate = 1e-2, Schedule = Schedule.Constant(), MaxSteps = 6, Batches = new BatchOptions { Size = 4 } };
        Example[] examples = TinyLlm.Examples(24);
        llm.Adapters.AddLora("whole", new() { Dropout = 0.1, Targets = [LoraOptions.AllLinear] });
        llm.Adapters.Copy("whole", "halves");
        llm.With("whole").FineTune(examples, options);
        CheckpointOptions checkpoints = new() { Folder = folder["run"], Every = 3, Resume = true };
        llm.With("halves").FineTune(examples, options with { MaxSteps = 3, Checkpoints = checkpoints });
        llm.Adapters.Remove("halves");
        llm.Adapters.AddLora("halves", new() { Dropout = 0.1, Seed = 9, Targets = [LoraOptions.AllLinear] });
        TrainingResult result = llm.With("halves").FineTune(examples, options with { Checkpoints = checkpoints });
        Assert.Equal(6, result.Steps);
        foreach ((Parameter first, Parameter second) in llm.With("whole").TrainableParameters().Zip(llm.With("halves").TrainableParameters()))
            TinyFamilies.SameBits(first, second);
        TinyAdapters.AssertUntouched(before, llm);
    }

    [SkippableFact]
    public void A_run_does_not_go_on_with_other_adapters()
    {
        using Llm llm = TinyAdapters.Load("llama");
        using TemporaryFolder folder = new();
        TrainingOptions options = new() { MaxSteps = 1, Batches = new BatchOptions { Size = 4 }, Checkpoints = new CheckpointOptions { Folder = folder["run"], Resume = true } };
        Example[] examples = TinyLlm.Examples(4);
        llm.Adapters.AddLora("first", new() { Rank = 4, Targets = [LoraOptions.AllLinear] });
        llm.With("first").FineTune(examples, options);
        options = options with { MaxSteps = 2 };
        llm.Adapters.AddLora("fewer", new() { Rank = 4, Targets = ["q_proj"] });
        llm.Adapters.AddLora("wider", new() { Rank = 8, Targets = [LoraOptions.AllLinear] });
        llm.Adapters.AddIa3("scales", new());
        foreach ((string name, string says) in new[] { ("fewer", "it has"), ("wider", "of another shape"), ("scales", "it lacks") })
        {
            float[][] before = Values(name);
            CheckpointException error = Assert.Throws<CheckpointException>(() => llm.With(name).FineTune(examples, options));
            Assert.Contains("adapter.safetensors", error.Message, StringComparison.Ordinal);
            Assert.Contains(says, error.Message, StringComparison.Ordinal);
            Assert.Contains("choose another folder", error.Message, StringComparison.Ordinal);
            Assert.Equal(before, Values(name)); // nothing has been read
        }

        Assert.Equal(2, llm.With("first").FineTune(examples, options).Steps);
        options = options with { Checkpoints = options.Checkpoints! with { Folder = folder["whole"] } };
        llm.FineTune(examples, options with { MaxSteps = 1 });
        Assert.Contains("something else than adapters", Assert.Throws<CheckpointException>(() => llm.With("first").FineTune(examples, options)).Message, StringComparison.Ordinal);

        float[][] Values(string name) => [.. llm.With(name).TrainableParameters().Select(parameter => parameter.data<float>().ToArray())];
    }

    [SkippableFact]
    public void Views_train_generate_and_save_only_what_is_theirs()
    {
        using Llm llm = TinyAdapters.Load("llama");
        llm.Adapters.AddLora("a");
        llm.Adapters.AddLora("b", new() { Dora = true });
        Assert.Throws<InvalidOperationException>(() => llm.With("a").Save("nowhere"));
        Assert.Throws<InvalidOperationException>(() => llm.With().FineTune(TinyLlm.Examples(4)));
        Assert.Throws<InvalidOperationException>(() => llm.WithRows("a", null).FineTune(TinyLlm.Examples(4)));
        Assert.Throws<InvalidOperationException>(() => llm.WithRows("a", null).Evaluate(TinyLlm.Examples(2), Metrics.ExactMatch));
        Assert.Throws<ArgumentException>(() => llm.WithRows("a", null).Generate("one row"));
        Assert.Contains("'b'", Assert.Throws<ArgumentException>(() => llm.With("a", "b")).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => llm.With("a", "a"));
        llm.Adapters.Merge("a");
        Assert.Throws<InvalidOperationException>(() => llm.Adapters.Merge("a"));
        Assert.Throws<InvalidOperationException>(() => llm.Adapters.Remove("a"));
        Assert.Throws<InvalidOperationException>(() => llm.With("a").TrainableParameters().ToArray());
        Assert.Throws<InvalidOperationException>(() => llm.Adapters.Unmerge("b"));
        llm.Adapters.Unmerge("a");
        llm.With("a").Dispose(); // frees nothing
        Assert.Equal(3, llm.With("a").Generate("abc", new GenerationOptions { MaxNewTokens = 3, EosTokenIds = [] }).Tokens.Count);
    }

    [SkippableFact]
    public void Merged_weights_that_were_trained_do_not_come_out()
    {
        using Llm llm = TinyAdapters.Load("llama");
        llm.Adapters.AddLora("a");
        llm.Adapters.Merge("a");
        llm.FineTune(TinyLlm.Examples(4), new TrainingOptions { MaxSteps = 1 });
        Assert.Contains("was written to", Assert.Throws<InvalidOperationException>(() => llm.Adapters.Unmerge("a")).Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void Infinite_weights_are_not_merged()
    {
        using Llm llm = TinyAdapters.Load("llama");
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> before = TinyAdapters.Weights(llm);
        llm.Adapters.AddLora("a");
        using (no_grad())
        {
            foreach (Parameter parameter in llm.With("a").TrainableParameters())
                parameter.fill_(1e30);
        }

        AdapterException error = Assert.Throws<AdapterException>(() => llm.Adapters.Merge("a"));
        Assert.Contains("decoder.0.self.q", error.Message, StringComparison.Ordinal);
        TinyAdapters.AssertUntouched(before, llm);
    }

    [SkippableFact]
    public void A_concatenation_is_exactly_the_weighted_sum()
    {
        using Llm llm = TinyAdapters.Load("t5");
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        foreach ((string name, string kind) in new[] { ("a", "lora"), ("b", "rslora"), ("c", "pissa") })
        {
            TinyAdapters.Add(llm, name, kind);
            TinyAdapters.Shake(llm.With(name), name[0]);
        }

        using Batch batch = TinyAdapters.Batch(llm);
        llm.Adapters.Combine("sum", [("a", 1), ("b", 1), ("c", 1)]);
        Tensor both = llm.With("a", "b", "c").Logits(batch);
        TinyFamilies.Close(both, llm.With("sum").Logits(batch), 1e-4);
        // One adapter alone is what it is; so is the nearest of its own rank.
        llm.Adapters.Combine("one", [("b", 1)]);
        TinyFamilies.Close(llm.With("b").Logits(batch), llm.With("one").Logits(batch), 1e-5);
        llm.Adapters.Combine("nearest", [("b", 1)], new() { Method = CombinationMethod.Svd });
        TinyFamilies.Close(llm.With("b").Logits(batch), llm.With("nearest").Logits(batch), 1e-4);
        Assert.Contains("a: 3, b: 4", Assert.Throws<ArgumentException>(() => llm.Adapters.Combine("x", [("a", 1), ("b", 1)], new() { Method = CombinationMethod.Linear })).Message, StringComparison.Ordinal);
        TinyAdapters.Add(llm, "scales", "ia3");
        Assert.Contains("'scales'", Assert.Throws<ArgumentException>(() => llm.Adapters.Combine("x", [("scales", 1)])).Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Views_generate_at_the_same_time()
    {
        using Llm llm = TinyAdapters.Load("llama");
        string[] kinds = ["lora", "dora", "ia3", "norms"];
        foreach (string kind in kinds)
        {
            TinyAdapters.Add(llm, kind, kind);
            TinyAdapters.Shake(llm.With(kind));
        }

        GenerationOptions options = new() { MaxNewTokens = 12, EosTokenIds = [] };
        IReadOnlyList<int>[] alone = [.. kinds.Select(kind => llm.With(kind).Generate("abc", options).Tokens)];
        IReadOnlyList<int>[] together = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(() => llm.With(kinds[i % 4]).Generate("abc", options).Tokens)));
        for (int i = 0; i < together.Length; i++)
            Assert.Equal(alone[i % 4], together[i]);
        Assert.True(alone.Select(tokens => string.Join(",", tokens)).Distinct().Count() > 1);
    }
}
