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

    private static Tensor Apply(string processor, JsonElement arguments, Tensor scores, Tensor ids, Dictionary<string, Tensor> inputs)
    {
        int length = (int)ids.size(1), keep = arguments.TryGetProperty("min_tokens_to_keep", out JsonElement least) ? least.GetInt32() : 1;
        double Number(string name) => arguments.GetProperty(name).GetDouble();
        int[] Tokens(string name) => List(arguments.GetProperty(name));
        switch (processor)
        {
            case "TemperatureLogitsWarper":
                return LogitsWarpers.Temperature(scores, Number("temperature"));
            case "TopKLogitsWarper":
                return LogitsWarpers.TopK(scores, arguments.GetProperty("top_k").GetInt32(), keep);
            case "TopPLogitsWarper":
                return Number("top_p") < 1 ? LogitsWarpers.TopP(scores, Number("top_p"), keep) : scores;
            case "TopHLogitsWarper":
                return LogitsWarpers.TopH(scores, Number("top_h"));
            case "MinPLogitsWarper":
                return LogitsWarpers.MinP(scores, Number("min_p"), keep);
            case "TypicalLogitsWarper":
                return LogitsWarpers.Typical(scores, Number("mass"), keep);
            case "EpsilonLogitsWarper":
                return LogitsWarpers.Epsilon(scores, Number("epsilon"), keep);
            case "EtaLogitsWarper":
                return LogitsWarpers.Eta(scores, Number("epsilon"), keep);
            case "LogitNormalization":
                return scores.log_softmax(1);
            case "RepetitionPenaltyLogitsProcessor":
                // Rows of different length: through the pipeline, which gets each row's own tokens.
                return Penalise(scores, ids, arguments, inputs);
            case "EncoderRepetitionPenaltyLogitsProcessor":
                return Pipeline(scores, ids, 1, new() { Rules = new() { EncoderRepetitionPenalty = Number("penalty") } }, source: inputs["encoder_input_ids"]);
            case "NoRepeatNGramLogitsProcessor":
                return Pipeline(scores, ids, 1, new() { NoRepeatNGramSize = arguments.GetProperty("ngram_size").GetInt32() });
            case "EncoderNoRepeatNGramLogitsProcessor":
                return Pipeline(scores, ids, 1, new() { Rules = new() { EncoderNoRepeatNGramSize = arguments.GetProperty("encoder_ngram_size").GetInt32() } }, source: inputs["encoder_input_ids"]);
            case "NoBadWordsLogitsProcessor":
                IReadOnlyList<int>[] words = [.. arguments.GetProperty("bad_words_ids").EnumerateArray().Select(List)];
                return Pipeline(scores, ids, 1, new() { EosTokenIds = Tokens("eos_token_id"), Rules = new() { BadWordsIds = words } });
            case "SequenceBiasLogitsProcessor":
                return Pipeline(scores, ids, 1, new() { Rules = new() { SequenceBias = [.. arguments.GetProperty("sequence_bias").EnumerateArray().Select(Bias)] } });
            case "SuppressTokensLogitsProcessor":
                return Pipeline(scores, ids, 1, new() { Rules = new() { SuppressTokens = Tokens("suppress_tokens") } });
            case "SuppressTokensAtBeginLogitsProcessor":
                return Pipeline(scores, ids, arguments.GetProperty("begin_index").GetInt32(), new() { Rules = new() { BeginSuppressTokens = Tokens("begin_suppress_tokens") } });
            case "MinLengthLogitsProcessor":
                return Pipeline(scores, ids, 1, new() { MinLength = arguments.GetProperty("min_length").GetInt32(), EosTokenIds = Tokens("eos_token_id") });
            case "MinNewTokensLengthLogitsProcessor":
                return Pipeline(scores, ids, arguments.GetProperty("prompt_length_to_skip").GetInt32(),
                    new() { MinNewTokens = arguments.GetProperty("min_new_tokens").GetInt32(), EosTokenIds = Tokens("eos_token_id") });
            case "ForcedBOSTokenLogitsProcessor":
                return Pipeline(scores, ids, length, new() { ForcedBosTokenId = arguments.GetProperty("bos_token_id").GetInt32() });
            case "ForcedEOSTokenLogitsProcessor":
                return Pipeline(scores, ids, 1, new() { MaxLength = arguments.GetProperty("max_length").GetInt32(), ForcedEosTokenIds = Tokens("eos_token_id") });
            case "ExponentialDecayLengthPenalty":
                JsonElement decay = arguments.GetProperty("exponential_decay_length_penalty");
                return Pipeline(scores, ids, arguments.GetProperty("input_ids_seq_length").GetInt32(), new()
                {
                    EosTokenIds = Tokens("eos_token_id"),
                    Rules = new() { ExponentialDecayLengthPenalty = new(decay[0].GetInt32(), decay[1].GetDouble()) },
                });
            case "InfNanRemoveLogitsProcessor":
                return Pipeline(scores, ids, 1, new() { Rules = new() { RemoveInvalidValues = true } });
            default:
                Skip.If(true, $"{processor} is not supported");
                throw new InvalidOperationException(processor);
        }
    }

    private static SequenceBias Bias(JsonElement pair) =>
        new(List(pair[0]), pair[1].ValueKind == JsonValueKind.String ? double.NegativeInfinity : pair[1].GetDouble());

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

    private static Tensor Pipeline(Tensor scores, Tensor ids, int promptLength, GenerationOptions options, long[]? skipped = null, Tensor? source = null)
    {
        ResolvedGeneration settings = ResolvedGeneration.From(options, GenerationDefaults.None, (int)scores.size(1));
        RowProgress[] rows = [.. Enumerable.Range(0, (int)ids.size(0)).Select(b => new RowProgress(Tokens(ids[b]).Skip((int)(skipped?[b] ?? 0)).ToArray(), promptLength)
        {
            Prompt = source is null ? [] : Tokens(source[b]),
        })];
        return new LogitsPipeline(settings).Apply(scores, rows);
    }

    private static int[] Tokens(Tensor ids) => [.. ids.to(ScalarType.Int64).cpu().data<long>().Select(id => (int)id)];

    private static int[] List(JsonElement ids) => ids.ValueKind == JsonValueKind.Array ? [.. ids.EnumerateArray().Select(id => id.GetInt32())] : [ids.GetInt32()];

    /// <summary>A reader of safetensors for these small files of known origin.</summary>
    private static Dictionary<string, Tensor> Tensors(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        return file.Weights.Keys.ToDictionary(name => name, name => file.Read(name).to(ModelFixture.Device));
    }
}
