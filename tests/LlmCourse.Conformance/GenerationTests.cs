using System.Collections.Concurrent;
using System.Text.Json;
using LlmCourse.Checkpoints;
using LlmCourse.Data;
using LlmCourse.Generation;
using LlmCourse.Runtime;
using LlmCourse.Transformers;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Conformance;

/// <summary>Every decoding case of every folder of <c>models/</c>, token by token, all rows in one batch and each by itself.</summary>
[Trait("Kind", "Generation")]
public sealed class GenerationTests(ModelFixtures models) : IClassFixture<ModelFixtures>
{
    private static readonly ConcurrentDictionary<string, JsonElement> DecodingFiles = new();

    public static TheoryData<string, string> DecodingCases()
    {
        TheoryData<string, string> cases = [];
        foreach (string folder in Shared.Folders("models").Where(folder => File.Exists(Path.Combine(folder, "expected", "generation.json"))))
        {
            foreach (JsonElement item in Decoding(folder).EnumerateArray())
                cases.Add(Path.GetFileName(folder), item.GetProperty("name").GetString()!);
        }

        if (cases.Count == 0)
            cases.Add(Cases.None, "");
        return cases;
    }

    [SkippableTheory]
    [MemberData(nameof(DecodingCases))]
    public void Tokens_equal_the_reference(string name, string decoding)
    {
        ModelFixture fixture = models.Of(Cases.Folder("models", name));
        using DisposeScope scope = NewDisposeScope();
        JsonElement item = Decoding(fixture.Folder).EnumerateArray()
            .Single(entry => entry.GetProperty("name").GetString() == decoding);
        Dictionary<string, Tensor> inputs = fixture.Tensors(Path.GetFileNameWithoutExtension(item.GetProperty("inputs").GetString()!));
        using Sequences prompts = Sequences.FromTensors(inputs["input_ids"], inputs["attention_mask"]);
        IReadOnlyList<int>[] rows = [.. Enumerable.Range(0, prompts.Count).Select(prompts.Row)];

        // The case's settings stand on top of the folder's own: one merged generation_config.json is the same.
        bool decoderOnly = fixture.Model.Config.Encoder is null;
        JsonElement merged = Merge(fixture.Folder, item.GetProperty("generation_config"), decoderOnly ? prompts.Width : 0);
        GenerationDefaults defaults = GenerationDefaults.Parse(merged, fixture.Pretrained.Config);
        TokenGenerator generator = new(fixture.Model, ForwardContext.Evaluation, defaults);
        GenerationOptions OptionsFor(params int[] prompt) => new() { Seed = 1, Processors = AsIfPaddingWereRead(inputs, merged, prompt, decoderOnly) };
        IReadOnlyList<Completion> together = generator.Generate(rows, OptionsFor([.. Enumerable.Range(0, rows.Length)]));
        int[][] sequences = [.. item.GetProperty("sequences").EnumerateArray().Select(row => row.EnumerateArray().Select(id => id.GetInt32()).ToArray())];
        int[] lengths = [.. item.GetProperty("lengths").EnumerateArray().Select(length => length.GetInt32())];
        double[]? scores = item.TryGetProperty("sequences_scores", out JsonElement given) && given.ValueKind == JsonValueKind.Array
            ? [.. given.EnumerateArray().Select(score => score.GetDouble())] : null;
        int skip = decoderOnly ? prompts.Width : 1, each = sequences.Length / rows.Length;
        Assert.Equal(sequences.Length, together.Count);
        for (int r = 0; r < rows.Length; r++)
        {
            IReadOnlyList<Completion> alone = generator.Generate([rows[r]], OptionsFor(r));
            for (int i = 0; i < each; i++)
            {
                int at = (r * each) + i;
                int[] want = sequences[at][skip..lengths[at]];
                Assert.Equal(want, together[at].Tokens);
                Assert.Equal(want, alone[i].Tokens);
                if (scores is null)
                    continue;
                double tolerance = 1e-5 * Math.Max(10, Math.Abs(scores[at])); // a score may be a sum times its length
                Assert.InRange(together[at].SequenceScore!.Value, scores[at] - tolerance, scores[at] + tolerance);
                Assert.InRange(alone[i].SequenceScore!.Value, scores[at] - tolerance, scores[at] + tolerance);
            }
        }
    }

    /// <summary>
    /// The reference takes the padding in front of a prompt for tokens of it in encoder_repetition_penalty and in no_repeat_ngram_size: the same
    /// penalty on the token that stands there, and the same ban of what would repeat it.
    /// </summary>
    /// <param name="inputs">The padded prompts.</param>
    /// <param name="settings">The case.</param>
    /// <param name="chosen">Which of them are asked, in this order.</param>
    /// <param name="decoderOnly">Whether prompts are what the decoder continues.</param>
    private static LogitsProcessor[] AsIfPaddingWereRead(Dictionary<string, Tensor> inputs, JsonElement settings, int[] chosen, bool decoderOnly)
    {
        double? penalty = settings.TryGetProperty("encoder_repetition_penalty", out JsonElement given) ? given.GetDouble() : null;
        int size = decoderOnly && settings.TryGetProperty("no_repeat_ngram_size", out given) && given.ValueKind == JsonValueKind.Number ? given.GetInt32() : 0;
        if (penalty is null && size == 0)
            return [];
        int width = (int)inputs["input_ids"].size(1);
        long[] ids = [.. inputs["input_ids"].cpu().flatten().data<long>()], mask = [.. inputs["attention_mask"].cpu().flatten().data<long>()];
        return [(scores, rows) =>
        {
            for (int b = 0; b < rows.Count; b++)
            {
                int at = chosen[rows[b].Index] * width;
                int[] padding = [.. Enumerable.Range(at, width).Where(i => mask[i] == 0).Select(i => (int)ids[i])];
                foreach (int token in penalty is null ? [] : padding.Distinct().Except(rows[b].Prompt))
                {
                    double score = scores[b, token].Number();
                    scores[b, token] = tensor((float)(score < 0 ? score / penalty!.Value : score * penalty!.Value));
                }

                int[] row = [.. padding, .. rows[b].Tokens];
                foreach (int end in size == 0 ? [] : Enumerable.Range(size - 1, Math.Max(row.Length - size + 1, 0)))
                {
                    if (row.AsSpan(end - size + 1, size - 1).SequenceEqual(row.AsSpan(row.Length - size + 1)))
                        scores[b, row[end]] = tensor(float.NegativeInfinity);
                }
            }

            return scores;
        }
        ];
    }

    private static JsonElement Decoding(string folder) => DecodingFiles.GetOrAdd(folder, path => Shared.Json(path, "expected", "generation.json"));

    /// <summary>
    /// Ours counts lengths without padding, the reference counts the padded width: a limit of the whole sequence becomes one
    /// of the new tokens, where rows are padded.
    /// </summary>
    private static JsonElement Merge(string folder, JsonElement passed, int paddedWidth)
    {
        Dictionary<string, JsonElement> merged = [];
        string file = Path.Combine(folder, "generation_config.json");
        if (File.Exists(file))
            merged = Shared.Json(file).EnumerateObject().ToDictionary(property => property.Name, property => property.Value);
        foreach (JsonProperty property in passed.EnumerateObject())
            merged[property.Name] = property.Value;
        if (passed.TryGetProperty("max_length", out _) && !passed.TryGetProperty("max_new_tokens", out _))
            merged.Remove("max_new_tokens");
        if (paddedWidth > 0)
        {
            Shift(merged, "max_length", "max_new_tokens", paddedWidth);
            Shift(merged, "min_length", "min_new_tokens", paddedWidth);
        }

        return JsonSerializer.SerializeToElement(merged);
    }

    private static void Shift(Dictionary<string, JsonElement> settings, string whole, string fresh, int width)
    {
        if (!settings.Remove(whole, out JsonElement length) || settings.ContainsKey(fresh))
            return;
        settings[fresh] = JsonSerializer.SerializeToElement(Math.Max(length.GetInt32() - width, 0));
    }
}
