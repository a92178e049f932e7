using System.Text.Json.Nodes;
using LlmCourse.Adapters;
using LlmCourse.Data;
using LlmCourse.Runtime;
using LlmCourse.Tests.Checkpoints;
using LlmCourse.Training;
using LlmCourse.Training.Optimizers;
using LlmCourse.Training.Schedules;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Tests.Adapters;

/// <summary>AdaLoRA from its making over training to its file.</summary>
public sealed class AdaLoraTests
{
    // Choices behind steps 2, 4, 6 and 7 of 10, the last for good.
    private static readonly AdaLoraOptions Options = new() { InitialRank = 4, TargetRank = 1, TotalSteps = 10, WarmUpSteps = 1, FinalSteps = 3, Interval = 2 };

    [SkippableTheory]
    [InlineData(1, null)]
    [InlineData(2, 0.05)]
    public void Fine_tuning_chooses_as_a_loop_of_ones_own_does(int accumulation, double? clip)
    {
        using Llm llm = TinyAdapters.Load("llama");
        llm.Model.To(type: ScalarType.Float64);
        using var scope = NewDisposeScope();
        Example[] examples = TinyLlm.Examples(80);
        llm.Adapters.AddAdaLora("tuned", Options);
        llm.Adapters.Copy("tuned", "own");
        TrainingResult result = llm.With("tuned").FineTune(examples, new()
        {
            LearningRate = 1e-2,
            Schedule = Schedule.Constant(),
            MaxSteps = 10,
            Accumulation = accumulation,
            MaxGradientNorm = clip,
            Batches = new BatchOptions { Size = 8 / accumulation, Shuffle = false },
        });
        Llm view = llm.With("own");
        Adapter adapter = llm.Adapters["own"];
        Parameter[] parameters = [.. view.TrainableParameters()];
        using AdamW adam = new(parameters, 1e-2, decay: 0);
        int step = 0;
        foreach (Batch batch in view.Batches(examples, 8))
        {
            using (batch)
            using (NewDisposeScope())
            {
                adam.ZeroGrad();
                Tensor loss = view.Loss(batch);
                loss.backward();
                Assert.Equal(loss.Number(), result.History[step].Loss, 1e-9);
                if (clip is { } most)
                    nn.utils.clip_grad_norm_(parameters, most);
                adam.Step();
                adapter.Allocate();
            }

            // 4 modules of 4: b = 4 + 12 (1 − (t − 1) / 6)³ and 4 in the end.
            Assert.Equal((step++) switch { < 2 => 16, < 4 => 10, < 6 => 5, _ => 4 }, adapter.Ranks.Values.Sum());
        }

        Assert.Equal(10, step);
        Assert.Equal(adapter.Ranks, llm.Adapters["tuned"].Ranks);
        Assert.True(adapter.Ranks.Values.Distinct().Count() > 1);
        foreach ((Parameter first, Parameter second) in parameters.Zip(llm.With("tuned").TrainableParameters()))
            TinyFamilies.Close(first, second, 1e-7, "parameters");
        Assert.True(result.History[^1].Metrics["penalty"] < result.History[0].Metrics["penalty"]);
    }

    [SkippableFact]
    public void A_run_that_goes_on_has_the_bits_of_one_in_one_piece()
    {
        using Llm llm = TinyAdapters.Load("llama");
        using var scope = NewDisposeScope();
        using TemporaryFolder folder = new();
        Example[] examples = TinyLlm.Examples(24);
        TrainingOptions options = new() { LearningRate = 1e-2, Schedule = Schedule.Constant(), MaxSteps = 10, Batches = new BatchOptions { Size = 4 } };
        llm.Adapters.AddAdaLora("whole", Options with { Dropout = 0.1 });
        llm.With("whole").FineTune(examples, options);
        CheckpointOptions checkpoints = new() { Folder = folder["run"], Every = 1, Resume = true };
        // Before the first choice, between two, and where the ranks are settled.
        foreach (int steps in new[] { 2, 5, 8, 10 })
        {
            llm.Adapters.AddAdaLora("parts", Options with { Dropout = 0.1, Seed = steps == 2 ? 0 : steps }); // later ones have what the checkpoint has
            llm.With("parts").FineTune(examples, options with { MaxSteps = steps, Checkpoints = checkpoints });
            if (steps < 10)
                llm.Adapters.Remove("parts");
        }

        foreach ((Parameter first, Parameter second) in llm.With("whole").TrainableParameters().Zip(llm.With("parts").TrainableParameters()))
            TinyFamilies.SameBits(first, second);
        Assert.Equal(llm.Adapters["whole"].Ranks, llm.Adapters["parts"].Ranks);
        Assert.Equal("allocation/step", Assert.Throws<OptimizerStateException>(() => llm.Adapters["parts"].Allocator!.Load(_ => null)).Key);
    }

    [SkippableTheory]
    [InlineData("llama")]
    [InlineData("gpt2")]
    [InlineData("t5-gated")]
    public void What_was_given_up_is_not_in_the_file(string family)
    {
        using Llm llm = TinyAdapters.Load(family);
        using var scope = NewDisposeScope();
        using TemporaryFolder folder = new();
        using Batch batch = TinyAdapters.Batch(llm);
        Adapter adapter = llm.Adapters.AddAdaLora("a", Options);
        Train(llm.With("a"), adapter, batch, 9);
        llm.Adapters.Copy("a", "copy");
        llm.Adapters.Save("copy", folder["saved"]);
        Adapter loaded = llm.Adapters.Load("b", folder["saved"]);
        Assert.Equal(adapter.Ranks.OrderBy(entry => entry.Key), loaded.Ranks.OrderBy(entry => entry.Key));
        if (family == "llama")
            Assert.Contains(0, loaded.Ranks.Values);
        using (no_grad())
            TinyFamilies.Close(llm.With("a").Logits(batch), llm.With("b").Logits(batch), 1e-5 * Math.Max(1, llm.With("a").Logits(batch).abs().max().Number()), "cut");
        llm.Adapters.Save("b", folder["again"]);
        foreach (string file in new[] { "adapter_model.safetensors", "adapter_config.json" })
            Assert.Equal(File.ReadAllBytes(folder["saved/" + file]), File.ReadAllBytes(folder["again/" + file]));
        // Its ranks are settled: it is trained with them.
        Train(llm.With("b"), loaded, batch, 3);
        Assert.Equal(adapter.Ranks.OrderBy(entry => entry.Key), loaded.Ranks.OrderBy(entry => entry.Key));
        llm.Adapters.Merge("b");
        llm.Adapters.Unmerge("b");
    }

    [SkippableTheory]
    [InlineData("wrong length", "has 2 values for model.layers.0.self_attn.q_proj.lora_E and \"init_r\" is 4")]
    [InlineData("unknown module", "names model.layers.9.self_attn.q_proj.lora_E")]
    [InlineData("no flags", "has something other than true and false")]
    [InlineData("other rank", "would be [3, 32]")]
    [InlineData("no pattern", "would be [4, 32]")]
    [InlineData("no steps", "\"total_step\" is missing")]
    public void Files_whose_ranks_do_not_fit_are_refused_by_name(string what, string message)
    {
        const string Key = "model.layers.0.self_attn.q_proj.lora_E";
        using Llm llm = TinyAdapters.Load("llama");
        using var scope = NewDisposeScope();
        using TemporaryFolder folder = new();
        using Batch batch = TinyAdapters.Batch(llm);
        Adapter adapter = llm.Adapters.AddAdaLora("a", Options);
        Train(llm.With("a"), adapter, batch, 9);
        llm.Adapters.Save("a", folder["saved"]);
        string path = folder["saved/adapter_config.json"];
        JsonObject config = (JsonObject)JsonNode.Parse(File.ReadAllText(path))!, pattern = (JsonObject)config["rank_pattern"]!;
        switch (what)
        {
            case "wrong length": pattern[Key] = new JsonArray(true, false); break;
            case "unknown module": pattern["model.layers.9.self_attn.q_proj.lora_E"] = new JsonArray(true, false, true, true); break;
            case "no flags": pattern[Key] = new JsonArray(1, 0, 1, 1); break;
            case "other rank": pattern[Key] = adapter.Ranks.First().Value == 3 ? new JsonArray(true, false, false, false) : new JsonArray(true, true, true, false); break;
            case "no pattern": config["rank_pattern"] = null; break;
            default: config["total_step"] = null; break;
        }

        File.WriteAllText(path, config.ToJsonString());
        Assert.Contains(message, Assert.Throws<AdapterException>(() => llm.Adapters.Load("b", folder["saved"])).Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public void What_makes_no_sense_is_refused_by_name()
    {
        using Llm llm = TinyAdapters.Load("llama");
        void Refused(string property, AdaLoraOptions options) =>
            Assert.Contains(property, Assert.Throws<ArgumentException>(() => llm.Adapters.AddAdaLora("a", options)).Message, StringComparison.Ordinal);
        Refused(nameof(AdaLoraOptions.TotalSteps), new());
        Refused(nameof(AdaLoraOptions.TotalSteps), new() { TotalSteps = 5, WarmUpSteps = 2, FinalSteps = 3 });
        Refused(nameof(AdaLoraOptions.TargetRank), Options with { TargetRank = 5 });
        Refused(nameof(AdaLoraOptions.InitialRank), Options with { InitialRank = 0 });
        Refused(nameof(AdaLoraOptions.Interval), Options with { Interval = 0 });
        Refused(nameof(AdaLoraOptions.SensitivityDecay), Options with { SensitivityDecay = 1 });
        Refused(nameof(AdaLoraOptions.UncertaintyDecay), Options with { UncertaintyDecay = 0 });
        Refused(nameof(AdaLoraOptions.OrthogonalityWeight), Options with { OrthogonalityWeight = -1 });
        Refused(nameof(AdaLoraOptions.Targets), Options with { Targets = ["nothing"] });
        Refused(nameof(AdaLoraOptions.Targets), Options with { Targets = ["embeddings.tokens"] });
        Refused(nameof(AdaLoraOptions.Layers), Options with { Layers = [7] });

        llm.Adapters.AddAdaLora("a", Options);
        llm.Adapters.AddAdaLora("b", Options);
        llm.Adapters.AddLora("lora");
        Assert.Contains("no gradient", Assert.Throws<InvalidOperationException>(llm.Adapters["a"].Allocate).Message, StringComparison.Ordinal);
        Assert.Contains("'lora'", Assert.Throws<InvalidOperationException>(llm.Adapters["lora"].Allocate).Message, StringComparison.Ordinal);
        Assert.Contains("one at a time", Assert.Throws<NotSupportedException>(() => llm.With("a", "b").TrainableParameters().ToArray()).Message, StringComparison.Ordinal);
        Assert.Empty(llm.Adapters["lora"].Ranks);
        llm.Adapters.Merge("a");
        Assert.Throws<InvalidOperationException>(llm.Adapters["a"].Allocate);
        llm.Adapters.Unmerge("a");
    }

    private static void Train(Llm view, Adapter adapter, Batch batch, int steps)
    {
        using AdamW adam = new(view.TrainableParameters(), 1e-2);
        for (int step = 0; step < steps; step++)
        {
            adam.ZeroGrad();
            using Tensor loss = view.Loss(batch);
            loss.backward();
            adam.Step();
            adapter.Allocate();
        }
    }
}
