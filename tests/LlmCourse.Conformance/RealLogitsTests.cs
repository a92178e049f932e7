using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using LlmCourse.Checkpoints;
using LlmCourse.Data;
using LlmCourse.Evaluation;
using LlmCourse.Runtime;
using LlmCourse.Training;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Conformance;

/// <summary>What real models compute: <c>logits.json</c>, <c>perplexity.json</c>, and <c>tensors.safetensors</c> of an encoder–decoder.</summary>
[Trait("Kind", "Real")]
[Collection(RealModels.Collection)]
public sealed partial class RealLogitsTests(RealModels models)
{
    private const double Tolerance = 1e-3;

    public static TheoryData<string, string> Prompts() => RealModels.Entries("logits.json", "prompts", entry => entry.GetProperty("name").GetString()!);

    public static TheoryData<string> Perplexities() => RealModels.Cases("perplexity.json");

    public static TheoryData<string> Tensors() => RealModels.Cases("tensors.safetensors");

    [SkippableTheory]
    [Trait("Category", "Long")]
    [MemberData(nameof(Prompts))]
    public void Logits_are_the_same(string file, string prompt)
    {
        JsonElement entry = RealModels.Entry(file, "prompts", prompt);
        RealModel model = models.Of(file);
        using DisposeScope scope = NewDisposeScope();
        using var noGrad = no_grad();
        using SafetensorsFile golden = SafetensorsFile.Open(Path.ChangeExtension(RealModels.PathOf(file), ".safetensors"));
        Tensor Golden(string part) => golden.Read($"{entry.GetProperty("tensor").GetString()}.{part}");

        int[] ids = model.PromptIds(entry);
        Tensor logits = Logits(model, ids).cpu(); // [T, V]
        Tensor values = Golden("topk_values"), chosen = Golden("topk_ids").to(ScalarType.Int64);
        int count = (int)values.size(1);
        (Tensor found, Tensor foundIds) = logits.topk(count, 1);
        Close("largest logits", found, values);
        Close("logits of the golden ids", logits.gather(1, chosen), values);
        // Where the neighbours are further than two differences away, the order is not a matter of rounding.
        Tensor gaps = values.narrow(1, 0, count - 1).sub(values.narrow(1, 1, count - 1)).gt(2 * Tolerance);
        Tensor clear = gaps.logical_and(cat([ones_like(gaps).narrow(1, 0, 1), gaps.narrow(1, 0, count - 2)], 1));
        Assert.False(foundIds.ne(chosen).narrow(1, 0, count - 1).logical_and(clear).any().IsTrue(), "the order of the largest logits");

        Close("logsumexp", logits.logsumexp(1), Golden("logsumexp"));
        Close("last logits", logits[ids.Length - 1], Golden("last_logits"));
        Tensor nll = NegativeLogLikelihoods(logits, ids);
        Close("nll", nll, Golden("nll"));
        Assert.Equal(entry.GetProperty("mean_nll").GetDouble(), nll.to(ScalarType.Float64).mean().Number(), 1e-4);
    }

    /// <summary>The file's <c>about</c> says which text, how wide the windows are and how far apart.</summary>
    [SkippableTheory]
    [Trait("Category", "Long")]
    [MemberData(nameof(Perplexities))]
    public void Perplexities_are_the_same(string file)
    {
        JsonElement golden = RealModels.Json(file);
        RealModel model = models.Of(file);
        string about = golden.GetProperty("about").GetString()!;
        string path = Path.Combine(Shared.Folder!, TextFile().Match(about).Value);
        Skip.IfNot(File.Exists(path), $"the text {TextFile().Match(about).Value} is not here");
        JsonElement[] windows = [.. golden.GetProperty("windows").EnumerateArray()];
        int total = windows[^1].GetProperty("first").GetInt32() + windows[^1].GetProperty("tokens").GetInt32();
        // More text than the tokens need: what comes behind them does not change them.
        string text = File.ReadAllText(path)[golden.GetProperty("first_char").GetInt32()..];
        int[] ids = model.Llm.Tokenizer.EncodeIds(text[..Math.Min(text.Length, total * 8)], addSpecialTokens: false)[..total];
        Assert.Equal(golden.GetProperty("ids_sha256").GetString(), RealModel.Sha256(ids));

        List<PerplexityScore> all = [];
        foreach (JsonElement window in windows)
        {
            int first = window.GetProperty("first").GetInt32(), tokens = window.GetProperty("tokens").GetInt32();
            all.Add(model.Llm.PerplexityFromIds(ids[first..(first + tokens)], new PerplexityOptions { Window = tokens }));
            AssertPerplexity(window, all[^1]);
        }

        AssertPerplexity(golden, PerplexityScore.Of(all));
        Match strides = Strided().Match(about);
        int width = int.Parse(strides.Groups[1].Value, CultureInfo.InvariantCulture), every = int.Parse(strides.Groups[2].Value, CultureInfo.InvariantCulture);
        AssertPerplexity(golden.GetProperty("strided"), model.Llm.PerplexityFromIds(ids, new PerplexityOptions { Window = width, Stride = every, BatchSize = 2 }));
    }

    /// <summary>The encoder's output and the teacher-forced logits of the first rows of <c>words.json</c>.</summary>
    [SkippableTheory]
    [MemberData(nameof(Tensors))]
    public void Encoder_states_and_forced_logits_are_the_same(string file)
    {
        Skip.If(file == Cases.None, "no real model has such a golden file");
        string words = file[..file.LastIndexOf('/')] + "/words.json";
        Skip.IfNot(File.Exists(RealModels.PathOf(words)), "no words.json beside it says what the tensors belong to");
        JsonElement[] rows = [.. RealModels.Json(words).GetProperty("rows").EnumerateArray()];
        TransformerModel model = models.Of(file).Llm.Model;
        using SafetensorsFile golden = SafetensorsFile.Open(RealModels.PathOf(file));
        int compared = 0;
        foreach (string name in golden.Weights.Keys.Order(StringComparer.Ordinal))
        {
            using DisposeScope scope = NewDisposeScope();
            using var noGrad = no_grad();
            string[] parts = name.Split('.');
            JsonElement row = rows[int.Parse(parts[1], CultureInfo.InvariantCulture)];
            using Sequences input = Sequences.FromRows([row.GetProperty("ids").Ints()], device: ModelFixture.Device);
            using Sequences answer = Sequences.FromRows([row.GetProperty("greedy").Ints()], device: ModelFixture.Device);
            using EncoderState memory = model.Trunk.Encode(input);
            using Hidden hidden = model.Trunk.Run(answer, memory: memory);
            Close(name, parts[0] switch
            {
                "encoder" => memory.Hidden.States[0],
                "logits" => model.Logits(hidden, answer, ForwardContext.Evaluation)[0],
                _ => throw new InvalidOperationException($"No comparison for tensor '{name}'."),
            }, golden.Read(name), 1e-4);
            compared++;
        }

        Assert.True(compared > 0);
    }

    [GeneratedRegex(@"data/\S+\.txt")]
    private static partial Regex TextFile();

    [GeneratedRegex(@"windows of (\d+) every (\d+)")]
    private static partial Regex Strided();

    /// <summary>[T, V] of one sequence.</summary>
    private static Tensor Logits(RealModel model, int[] ids)
    {
        using Batch batch = new(Sequences.FromRows([ids], device: ModelFixture.Device));
        return model.Llm.Model.Logits(batch)[0];
    }

    // [T, V] → [T − 1]
    private static Tensor NegativeLogLikelihoods(Tensor logits, int[] ids) => Losses.LogProbabilities(
        logits.narrow(0, 0, ids.Length - 1), tensor([.. ids.Skip(1).Select(id => (long)id)], ScalarType.Int64, logits.device)).neg();

    private static void AssertPerplexity(JsonElement expected, PerplexityScore found)
    {
        Assert.Equal(expected.GetProperty("scored").GetInt32(), found.Tokens);
        Relative("sum_nll", expected.GetProperty("sum_nll").GetDouble(), found.NegativeLogLikelihood);
        Relative("perplexity", expected.GetProperty("perplexity").GetDouble(), found.Value);
    }

    private static void Relative(string what, double expected, double found) =>
        Assert.True(Math.Abs(found - expected) <= 1e-4 * expected, $"{what}: {found}, expected {expected}");

    private static void Close(string what, Tensor found, Tensor expected, double tolerance = Tolerance)
    {
        Assert.Equal(expected.shape, found.shape);
        double worst = found.cpu().sub(expected).abs().max().Number();
        Assert.True(worst <= tolerance, $"{what}: largest difference {worst:g3}, tolerance {tolerance:g3}");
    }
}
