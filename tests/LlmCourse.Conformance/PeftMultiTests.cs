using System.Text.Json;
using LlmCourse.Adapters;
using LlmCourse.Checkpoints;
using LlmCourse.Data;
using LlmCourse.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Conformance;

/// <summary>Every folder of <c>peft/</c> with several adapters of one base: switching, both at once, mixed rows, combinations.</summary>
[Trait("Kind", "Peft")]
public sealed class PeftMultiTests
{
    public static TheoryData<string> Folders() => Cases.Of("peft", folder =>
        File.Exists(Path.Combine(folder, "expected.json")) && Directory.Exists(Path.Combine(folder, "a")));

    /// <summary>Those that peft can merge and combine.</summary>
    public static TheoryData<string> Combined() => Cases.Among(Folders(), name => Shared.Json(Shared.Root!, "peft", name, "expected.json").TryGetProperty("weighted", out _));

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public void Switching_and_both_at_once_equal_the_reference(string name)
    {
        using PeftBase fixture = Load(name);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using Batch batch = fixture.Batch();
        int compared = 0;
        foreach ((string key, Tensor want) in fixture.Expected.Where(entry => entry.Key.StartsWith("logits.", StringComparison.Ordinal)))
        {
            string[] names = key["logits.".Length..] switch
            {
                "base" => [],
                "a_again" => ["a"],
                var both when both.Contains('+', StringComparison.Ordinal) => both.Split('+'),
                var one when one.Length == 1 => [one],
                _ => ["(other)"],
            };
            if (names is ["(other)"])
                continue;
            Llm view = fixture.Llm.With(names);
            fixture.Close(key, want, view.Logits(batch), 1e-4);
            Assert.Equal(fixture.Json.GetProperty("losses").GetProperty(key["logits.".Length..]).GetDouble(), view.Loss(batch).Number(), 1e-5);
            compared++;
        }

        Assert.True(compared >= 5);
        Assert.True(fixture.BaseIsUntouched());
    }

    [SkippableTheory]
    [MemberData(nameof(Folders))]
    public void Each_row_has_its_own_adapter(string name)
    {
        using PeftBase fixture = Load(name);
        JsonElement mixed = fixture.Json.GetProperty("mixed_batch");
        string?[] rows = mixed.TryGetProperty("adapter_names", out JsonElement names)
            ? [.. names.EnumerateArray().Select(item => item.GetString() == "__base__" ? null : item.GetString())]
            : ["a", null, "b"]; // what peft cannot do: against the rows of single runs
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using Batch batch = fixture.Batch();
        Llm view = fixture.Llm.WithRows(rows);
        Tensor logits = view.Logits(batch);
        Tensor single = stack([.. rows.Select((row, r) => fixture.Llm.With(row is null ? [] : [row]).Logits(batch)[r])]);
        fixture.Close("single runs", single, logits, 1e-5);
        Tensor plain = fixture.Llm.Logits(batch);
        for (int r = 0; r < rows.Length; r++)
        {
            if (rows[r] is null)
                Assert.True(PeftFiles.Same(plain[r], logits[r]));
        }

        if (mixed.TryGetProperty("loss", out JsonElement loss))
        {
            fixture.Close("mixed", fixture.Expected["logits.mixed_batch"], logits, 1e-4);
            Assert.Equal(loss.GetDouble(), view.Loss(batch).Number(), 1e-5);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Combined))]
    public void Merging_one_after_another_drops_none(string name)
    {
        using PeftBase fixture = Load(name);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using Batch batch = fixture.Batch();
        Llm both = fixture.Llm.With("a", "b");
        Tensor before = both.Logits(batch);
        fixture.Llm.Adapters.Merge("a");
        fixture.Close("a merged, b beside it", before, both.Logits(batch), 1e-4);
        fixture.Llm.Adapters.Merge("b");
        fixture.Close("both merged", fixture.Expected["logits.merged_a_b"], fixture.Llm.Logits(batch), 1e-4);
        fixture.Llm.Adapters.Unmerge("a");
        fixture.Close("b alone", fixture.Expected["logits.b"], fixture.Llm.Logits(batch), 1e-4);
        fixture.Llm.Adapters.Unmerge("b");
        Assert.True(fixture.BaseIsUntouched());
    }

    [SkippableTheory]
    [MemberData(nameof(Combined))]
    public void Combinations_equal_the_reference(string name)
    {
        using PeftBase fixture = Load(name);
        JsonElement weighted = fixture.Json.GetProperty("weighted");
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using Batch batch = fixture.Batch();
        foreach (JsonProperty combination in weighted.EnumerateObject())
        {
            JsonElement how = combination.Value;
            (string Adapter, double Weight)[] parts = [.. how.GetProperty("adapters").EnumerateArray().Zip(how.GetProperty("weights").EnumerateArray(), (adapter, weight) => (adapter.GetString()!, weight.GetDouble()))];
            fixture.Llm.Adapters.Combine(combination.Name, parts, new CombinationOptions
            {
                Method = how.GetProperty("combination_type").GetString() switch
                {
                    "linear" => CombinationMethod.Linear,
                    "cat" => CombinationMethod.Concatenation,
                    "svd" => CombinationMethod.Svd,
                    "ties" => CombinationMethod.Ties,
                    "magnitude_prune" => CombinationMethod.MagnitudePrune,
                    var other => throw new InvalidOperationException(other),
                },
                Rank = how.TryGetProperty("svd_rank", out JsonElement rank) ? rank.GetInt32() : null,
                Density = how.TryGetProperty("density", out JsonElement density) ? density.GetDouble() : 0.5,
                SignByFrequency = how.TryGetProperty("majority_sign_method", out JsonElement sign) && sign.GetString() == "frequency",
            });
            Llm view = fixture.Llm.With(combination.Name);
            fixture.Close(combination.Name, fixture.Expected["logits.weighted." + combination.Name], view.Logits(batch), 1e-4);
            Assert.Equal(fixture.Json.GetProperty("losses").GetProperty("weighted." + combination.Name).GetDouble(), view.Loss(batch).Number(), 1e-5);
        }

        Assert.True(fixture.BaseIsUntouched());
        fixture.Close("a", fixture.Expected["logits.a"], fixture.Llm.With("a").Logits(batch), 1e-4);
    }

    private static PeftBase Load(string name)
    {
        PeftBase fixture = PeftBase.Load(Cases.Folder("peft", name));
        foreach (string folder in Directory.GetDirectories(fixture.Folder))
            fixture.Llm.Adapters.Load(Path.GetFileName(folder), folder);
        return fixture;
    }
}
