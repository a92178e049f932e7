using System.Text.Json;
using LlmCourse.Adapters;
using LlmCourse.Checkpoints;
using LlmCourse.Data;
using LlmCourse.Generation;
using LlmCourse.Runtime;
using LlmCourse.Tests;
using TorchSharp;
using static TorchSharp.torch;
using Parameter = TorchSharp.Modules.Parameter;

namespace LlmCourse.Conformance;

/// <summary>Every folder of <c>peft/</c> whose adapter changes modules: through the façade, as a user loads it.</summary>
[Trait("Kind", "Peft")]
public sealed class PeftAdapterTests
{
    private const double LogitTolerance = 1e-4;
    private const double LossTolerance = 1e-5;

    public static TheoryData<string> Folders() => Cases.Of("peft", folder =>
        File.Exists(Path.Combine(folder, "expected.json")) && File.Exists(Path.Combine(folder, "adapter_config.json")) && !IsPrompt(folder));

    /// <summary>Classifiers generate nothing.</summary>
    public static TheoryData<string> Generating() => Cases.Among(Folders(), name => Shared.Json(Shared.Root!, "peft", name, "expected.json").TryGetProperty("generation", out JsonElement cases) && cases.ValueKind == JsonValueKind.Array);

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public void Logits_and_losses_equal_the_reference(string name)
    {
        using PeftBase fixture = PeftBase.Load(Cases.Folder("peft", name));
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using Batch batch = fixture.Batch();
        fixture.Llm.Adapters.Load("adapter", fixture.Folder);
        fixture.Llm.Adapters.Load("initial", Path.Combine(fixture.Folder, "initial"));
        foreach (string state in new[] { "base", "adapter", "initial" })
        {
            Llm view = state == "base" ? fixture.Llm : fixture.Llm.With(state);
            fixture.Close(state, fixture.Expected["logits." + state], view.Logits(batch), LogitTolerance);
            Assert.Equal(fixture.Json.GetProperty("losses").GetProperty(state).GetDouble(), view.Loss(batch).Number(), LossTolerance);
        }

        // A view without adapters is the base, bit for bit; and so is the model itself after all of that.
        Tensor plain = fixture.Llm.Logits(batch);
        Assert.True(PeftFiles.Same(plain, fixture.Llm.With().Logits(batch)));
        Assert.True(fixture.BaseIsUntouched());
    }

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public void Merged_weights_give_the_same_and_come_out_again(string name)
    {
        using PeftBase fixture = PeftBase.Load(Cases.Folder("peft", name));
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using Batch batch = fixture.Batch();
        fixture.Llm.Adapters.Load("adapter", fixture.Folder);
        Tensor adapted = fixture.Llm.With("adapter").Logits(batch);
        bool unties = fixture.MergesIntoTie;
        fixture.Llm.Adapters.Merge("adapter");
        // Where peft merges into a tied table its output changes too; ours gets an output of its own.
        fixture.Close("merged", unties ? adapted : fixture.Expected["logits.merged"], fixture.Llm.Logits(batch), LogitTolerance);
        fixture.Close("view of merged", adapted, fixture.Llm.With("adapter").Logits(batch), LogitTolerance);
        foreach ((string key, Tensor value) in fixture.Expected.Where(entry => entry.Key.StartsWith("merged.", StringComparison.Ordinal)))
            Assert.True(fixture.Weight(key["merged.".Length..]).sub(value).abs().max().Number() <= 1e-5, key);
        fixture.Llm.Adapters.Unmerge("adapter");
        Assert.True(fixture.BaseIsUntouched());
        Assert.True(PeftFiles.Same(adapted, fixture.Llm.With("adapter").Logits(batch)));
    }

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public void Trajectories_equal_the_reference(string name)
    {
        using PeftBase fixture = PeftBase.Load(Cases.Folder("peft", name));
        JsonElement trajectory = fixture.Json.GetProperty("trajectory");
        Assert.Equal("torch.optim.AdamW(one group)", trajectory.GetProperty("optimizer").GetString());
        Skip.If(trajectory.GetProperty("clip").ValueKind != JsonValueKind.Null, "the trajectory clips gradients");
        using var scope = NewDisposeScope();
        using Batch batch = fixture.Batch();
        Adapter adapter = fixture.Llm.Adapters.Load("trained", Path.Combine(fixture.Folder, trajectory.GetProperty("from").GetString()!.TrimEnd('/')));
        Llm view = fixture.Llm.With("trained");
        Parameter[] parameters = [.. view.TrainableParameters()];
        Assert.Equal(fixture.Json.GetProperty("parameters").GetProperty("trainable").GetInt64(), parameters.Sum(parameter => parameter.numel()));
        using AdamW adam = PeftBase.Optimizer(parameters, trajectory);
        JsonElement losses = trajectory.GetProperty("losses"), norms = trajectory.GetProperty("grad_norms");
        for (int step = 0; step < losses.GetArrayLength(); step++)
        {
            using var stepScope = NewDisposeScope();
            adam.ZeroGrad();
            Tensor loss = view.Loss(batch);
            loss.backward();
            Near(losses[step].GetDouble(), loss.Number(), Rounding(trajectory, step));
            Near(norms[step].GetDouble(), Math.Sqrt(parameters.Sum(parameter => parameter.grad!.square().sum().Number())), Rounding(trajectory, step));
            adam.Step();
            if (fixture.Json.TryGetProperty("rank_allocator", out JsonElement allocations))
                Allocate(adapter, allocations[step]);
        }

        Near(trajectory.GetProperty("loss_after").GetDouble(), view.Loss(batch).Number(), Rounding(trajectory, losses.GetArrayLength() - 1));
        using var noGrad = no_grad();
        fixture.Close("trained", fixture.Expected["logits.trained"], view.Logits(batch), 1e-3);
        Assert.True(fixture.BaseIsUntouched());
        Assert.All(fixture.Llm.Model.NamedParameters, entry => Assert.True(entry.Parameter.grad is null, entry.Name));
        CompareRanks(fixture);
    }

    [SkippableTheory]
    [MemberData(nameof(Generating))]
    public void Greedy_tokens_equal_the_reference(string name)
    {
        using PeftBase fixture = PeftBase.Load(Cases.Folder("peft", name));
        JsonElement cases = fixture.Json.GetProperty("generation");
        fixture.Llm.Adapters.Load("adapter", fixture.Folder);
        Llm view = fixture.Llm.With("adapter");
        int compared = 0;
        foreach (JsonElement item in cases.EnumerateArray().Where(item => item.TryGetProperty("new_tokens", out _)))
        {
            int[][] ids = PeftBase.Rows(item.GetProperty("input_ids")), mask = PeftBase.Rows(item.GetProperty("attention_mask")), want = PeftBase.Rows(item.GetProperty("new_tokens"));
            int[][] prompts = [.. ids.Zip(mask, (row, present) => row.Where((_, t) => present[t] == 1).ToArray())];
            IReadOnlyList<Completion> got = view.GenerateFromIds(prompts, new GenerationOptions { MaxNewTokens = want[0].Length, EosTokenIds = [] });
            for (int r = 0; r < prompts.Length; r++)
            {
                int decided = item.GetProperty("margins_top1_top2")[r].EnumerateArray().TakeWhile(margin => margin.GetDouble() > 1e-3).Count();
                Assert.Equal(want[r].Take(decided), got[r].Tokens.Take(decided));
                compared++;
            }
        }

        Assert.True(compared > 0);
    }

    [SkippableTheory]
    [MemberData(nameof(SoftPrompts))]
    public void Soft_prompts_are_loaded_and_never_touch_the_base(string name)
    {
        using PeftBase fixture = PeftBase.Load(Cases.Folder("peft", name));
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using Batch batch = fixture.Batch();
        Adapter adapter = fixture.Llm.Adapters.Load("adapter", fixture.Folder);
        Assert.Equal(fixture.Json.GetProperty("num_virtual_tokens").GetInt32(), adapter.VirtualTokens);
        Llm view = fixture.Llm.With("adapter");
        // peft's logits of virtual tokens come first.
        Tensor want = fixture.Expected["logits.adapter"], got = view.Logits(batch);
        fixture.Close("adapter", want.dim() == 3 ? want.narrow(1, want.size(1) - got.size(1), got.size(1)) : want, got, LogitTolerance);
        Assert.Equal(fixture.Json.GetProperty("losses").GetProperty("adapter").GetDouble(), view.Loss(batch).Number(), LossTolerance);
        fixture.Close("base", fixture.Expected["logits.base"], fixture.Llm.Logits(batch), LogitTolerance);
        fixture.Llm.Adapters.Copy("adapter", "copy");
        Assert.True(PeftFiles.Same(got, fixture.Llm.With("copy").Logits(batch)));
        Assert.Throws<InvalidOperationException>(() => fixture.Llm.Adapters.Merge("adapter"));
        Assert.True(fixture.BaseIsUntouched());
    }

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    [MemberData(nameof(SoftPrompts))]
    public void Files_are_written_as_peft_writes_them(string name)
    {
        using PeftBase fixture = PeftBase.Load(Cases.Folder("peft", name));
        using var scope = NewDisposeScope();
        fixture.Llm.Adapters.Load("adapter", fixture.Folder);
        string written = Directory.CreateTempSubdirectory("llmcourse-peft-").FullName;
        try
        {
            fixture.Llm.Adapters.Save("adapter", Path.Combine(written, "adapter"));
            PeftFiles.Compare(fixture.Folder, Path.Combine(written, "adapter"));
        }
        finally
        {
            Directory.Delete(written, recursive: true);
        }
    }

    // What is left behind a step, as the reference counts it.
    private static void Allocate(Adapter adapter, JsonElement expected)
    {
        AdaLoraOptions options = (AdaLoraOptions)adapter.Options;
        int modules = adapter.Ranks.Count;
        Assert.Equal(
            (expected.GetProperty("budget").GetInt32(), expected.GetProperty("mask").GetBoolean()),
            RankAllocation.Budget(expected.GetProperty("step").GetInt64(), options, modules * options.InitialRank, modules * options.TargetRank));
        adapter.Allocate();
        Assert.Equal(expected.GetProperty("nonzero_E").GetInt64(), adapter.Parameters.Where(entry => entry.Name.EndsWith(".lora_E", StringComparison.Ordinal)).Sum(entry => entry.Value.count_nonzero().Whole()));
    }

    // The trained adapter as a file, where training has chosen ranks.
    private static void CompareRanks(PeftBase fixture)
    {
        if (!fixture.Json.TryGetProperty("rank_pattern", out JsonElement pattern) || pattern.ValueKind != JsonValueKind.Object)
            return;
        string written = Directory.CreateTempSubdirectory("llmcourse-peft-").FullName;
        try
        {
            fixture.Llm.Adapters.Save("trained", Path.Combine(written, "adapter"));
            JsonElement got = Shared.Json(written, "adapter", "adapter_config.json").GetProperty("rank_pattern");
            static IEnumerable<string> Flags(JsonElement json) => json.EnumerateObject().Select(entry => $"{entry.Name}: {string.Join(", ", entry.Value.EnumerateArray())}").Order(StringComparer.Ordinal);
            Assert.Equal(Flags(pattern), Flags(got));
            using (SafetensorsFile file = SafetensorsFile.Open(Path.Combine(written, "adapter", "adapter_model.safetensors")))
            {
                Assert.Equal(fixture.Expected.Keys.Where(key => key.StartsWith("trained.", StringComparison.Ordinal)).Order(StringComparer.Ordinal), file.Weights.Keys.Select(key => "trained." + key).Order(StringComparer.Ordinal));
                foreach (string key in file.Weights.Keys)
                {
                    using Tensor want = fixture.Expected["trained." + key].cpu(), found = file.Read(key);
                    Assert.Equal(want.shape, found.shape);
                    Assert.True(want.numel() == 0 || want.sub(found).abs().max().Number() <= 1e-3, key);
                }
            }

            using Batch batch = fixture.Batch();
            fixture.Llm.Adapters.Load("cut", Path.Combine(written, "adapter"));
            fixture.Close("cut", fixture.Llm.With("trained").Logits(batch), fixture.Llm.With("cut").Logits(batch), 1e-5);
        }
        finally
        {
            Directory.Delete(written, recursive: true);
        }
    }

    public static TheoryData<string> SoftPrompts() => Cases.Of("peft", folder => File.Exists(Path.Combine(folder, "expected.json")) && File.Exists(Path.Combine(folder, "adapter_config.json")) && IsPrompt(folder));

    private static bool IsPrompt(string folder) =>
        Shared.Json(folder, "adapter_config.json").GetProperty("peft_type").GetString() is "PROMPT_TUNING" or "PREFIX_TUNING" or "P_TUNING";

    // How far the reference's own losses are from those of the same run in double, where there is one.
    private static double Rounding(JsonElement trajectory, int step) =>
        trajectory.TryGetProperty("losses_in_float64", out JsonElement wide) ? Math.Abs(trajectory.GetProperty("losses")[step].GetDouble() - wide[step].GetDouble()) : 0;

    private static void Near(double want, double got, double rounding) =>
        Assert.True(Math.Abs(want - got) <= (1e-4 * (1 + Math.Abs(want))) + (10 * rounding), $"{got}, reference {want}, whose rounding is {rounding:g2}");
}
