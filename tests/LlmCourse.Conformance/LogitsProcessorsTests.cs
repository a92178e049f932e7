using System.Text.Json;
using LlmCourse.Checkpoints;
using LlmCourse.Generation;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Conformance;

/// <summary>The rules that shape scores, each against transformers' result on the same tensors.</summary>
[Trait("Kind", "LogitsProcessors")]
public sealed class LogitsProcessorsTests
{
    private const string Kind = "logits-processors";

    private static readonly string? Folder =
        Shared.Root is { } root && File.Exists(Path.Combine(root, Kind, "cases.json")) ? Path.Combine(root, Kind) : null;

    public static TheoryData<string> Names()
    {
        TheoryData<string> names = [];
        if (Folder is null)
            names.Add(Cases.None);
        else
            names.AddRange([.. Shared.Json(Folder, "cases.json").EnumerateArray().Select(entry => entry.GetProperty("name").GetString()!)]);
        return names;
    }

    [SkippableTheory]
    [MemberData(nameof(Names))]
    public void Case(string name)
    {
        Skip.If(Folder is null, Shared.Root is null ? Shared.NoRoot : $"no {Kind}/cases.json under the root");
        JsonElement entry = Shared.Json(Folder, "cases.json").EnumerateArray().Single(found => found.GetProperty("name").GetString() == name);
        (string Processor, JsonElement Arguments)[] steps = entry.TryGetProperty("chain", out JsonElement chain)
            ? [.. chain.EnumerateArray().Select(step => (step.GetProperty("processor").GetString()!, step.GetProperty("args")))]
            : [(entry.GetProperty("processor").GetString()!, entry.GetProperty("args"))];
        string? missing = steps.Select(step => Unsupported(step.Processor, step.Arguments)).FirstOrDefault(reason => reason is not null);
        Skip.If(missing is not null, missing);

        ModelFixture.RequireDevice();
        using DisposeScope scope = NewDisposeScope();
        Dictionary<string, Tensor> inputs = Tensors(Path.Combine(Folder, "inputs.safetensors"));
        Tensor expected = Tensors(Path.Combine(Folder, "outputs.safetensors"))[entry.GetProperty("output").GetString()!];
        Tensor scores = inputs[entry.GetProperty("scores").GetString()!].clone();
        Tensor ids = inputs[entry.GetProperty("input_ids").GetString()!].to(ScalarType.Int64);
        foreach ((string processor, JsonElement arguments) in steps)
            scores = Apply(processor, arguments, scores, ids, inputs);

        bool splitsATie = entry.TryGetProperty("splits_a_tie", out JsonElement split) && split.GetBoolean();
        for (int b = 0; b < expected.size(0); b++)
        {
            // Which of equal scores transformers keeps is an accident of its sort; how many it keeps, and of what score, is not.
            float[] want = [.. expected[b].cpu().data<float>()], found = [.. scores[b].cpu().data<float>()];
            if (splitsATie)
            {
                Array.Sort(want);
                Array.Sort(found);
            }

            Assert.Equal(want.Length, found.Length);
            Assert.All(Enumerable.Range(0, want.Length), v => Assert.True(
                want[v] == found[v] || Math.Abs(want[v] - found[v]) <= 1e-5, $"row {b}, place {v}: {found[v]}, expected {want[v]}"));
        }
    }

    private static string? Unsupported(string processor, JsonElement arguments) => processor switch
    {
        "TemperatureLogitsWarper" or "RepetitionPenaltyLogitsProcessor" or "MinLengthLogitsProcessor"
            or "MinNewTokensLengthLogitsProcessor" or "SuppressTokensLogitsProcessor" or "ForcedBOSTokenLogitsProcessor"
            or "ForcedEOSTokenLogitsProcessor" => null,
        "TopKLogitsWarper" or "TopPLogitsWarper" => arguments.TryGetProperty("min_tokens_to_keep", out _)
            ? "min_tokens_to_keep above 1 belongs to beam sampling, which is not supported yet" : null,
        _ => $"{processor} is not supported yet",
    };

    private static Tensor Apply(string processor, JsonElement arguments, Tensor scores, Tensor ids, Dictionary<string, Tensor> inputs)
    {
        int length = (int)ids.size(1);
        Tensor rows = arange(scores.size(0), ScalarType.Int64);
        switch (processor)
        {
            case "TemperatureLogitsWarper":
                return LogitsWarpers.Temperature(scores, arguments.GetProperty("temperature").GetDouble());
            case "TopKLogitsWarper":
                return LogitsWarpers.TopK(scores, arguments.GetProperty("top_k").GetInt32());
            case "TopPLogitsWarper":
                double p = arguments.GetProperty("top_p").GetDouble();
                return p < 1 ? LogitsWarpers.TopP(scores, p) : scores;
            case "RepetitionPenaltyLogitsProcessor":
                // Rows of different length: through the pipeline, which gets each row's own tokens.
                return Penalise(scores, ids, arguments, inputs);
            case "SuppressTokensLogitsProcessor":
                LogitsProcessors.Suppress(scores, rows, Ids(arguments.GetProperty("suppress_tokens")));
                return scores;
            case "MinLengthLogitsProcessor":
                return Pipeline(scores, ids, 1, new() { MinLength = arguments.GetProperty("min_length").GetInt32(), EosTokenIds = List(arguments.GetProperty("eos_token_id")) });
            case "MinNewTokensLengthLogitsProcessor":
                return Pipeline(scores, ids, arguments.GetProperty("prompt_length_to_skip").GetInt32(),
                    new() { MinNewTokens = arguments.GetProperty("min_new_tokens").GetInt32(), EosTokenIds = List(arguments.GetProperty("eos_token_id")) });
            case "ForcedBOSTokenLogitsProcessor":
                return Pipeline(scores, ids, length, new() { ForcedBosTokenId = arguments.GetProperty("bos_token_id").GetInt32() });
            case "ForcedEOSTokenLogitsProcessor":
                return Pipeline(scores, ids, 1, new() { MaxLength = arguments.GetProperty("max_length").GetInt32(), ForcedEosTokenIds = List(arguments.GetProperty("eos_token_id")) });
            default:
                throw new InvalidOperationException(processor);
        }
    }

    private static Tensor Penalise(Tensor scores, Tensor ids, JsonElement arguments, Dictionary<string, Tensor> inputs)
    {
        GenerationOptions options = new() { RepetitionPenalty = arguments.GetProperty("penalty").GetDouble() };
        if (!arguments.TryGetProperty("prompt_ignore_length", out JsonElement ignored))
            return Pipeline(scores, ids, 1, options);
        long[] skipped = ignored.ValueKind == JsonValueKind.Number
            ? [.. Enumerable.Repeat(ignored.GetInt64(), (int)ids.size(0))]
            : [.. inputs["prompt_ignore_length"].to(ScalarType.Int64).flatten().data<long>()];
        return Pipeline(scores, ids, 1, options, skipped);
    }

    private static Tensor Pipeline(Tensor scores, Tensor ids, int promptLength, GenerationOptions options, long[]? skipped = null)
    {
        ResolvedGeneration settings = ResolvedGeneration.From(options, GenerationDefaults.None, (int)scores.size(1));
        RowProgress[] rows = [.. Enumerable.Range(0, (int)ids.size(0)).Select(b => new RowProgress(
            [.. ids[b].data<long>().Skip((int)(skipped?[b] ?? 0)).Select(id => (int)id)], promptLength))];
        return new LogitsPipeline(settings).Apply(scores, rows);
    }

    private static int[] List(JsonElement ids) => ids.ValueKind == JsonValueKind.Array ? [.. ids.EnumerateArray().Select(id => id.GetInt32())] : [ids.GetInt32()];

    private static Tensor Ids(JsonElement ids) => tensor([.. List(ids).Select(id => (long)id)], ScalarType.Int64, ModelFixture.Device);

    /// <summary>A reader of safetensors for these small files of known origin.</summary>
    private static Dictionary<string, Tensor> Tensors(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        return file.Weights.Keys.ToDictionary(name => name, name => file.Read(name).to(ModelFixture.Device));
    }
}
