using System.Text.Json;
using LlmCourse.Checkpoints;
using LlmCourse.Data;
using LlmCourse.Generation;
using LlmCourse.Runtime;
using LlmCourse.Tokenization;
using LlmCourse.Transformers;
using Pronunciation;
using TorchSharp;
using static TorchSharp.torch;

namespace LlmCourse.Conformance;

/// <summary>What real models write, token by token: <c>greedy.json</c>, <c>batch.json</c>, <c>golden.json</c>, <c>words.json</c>, <c>beams.json</c>.</summary>
[Trait("Kind", "Real")]
[Collection(RealModels.Collection)]
public sealed class RealGenerationTests(RealModels models)
{
    /// <summary>Below it another fp32 implementation may choose the other token.</summary>
    private const double SafeMargin = 1e-3;

    public static TheoryData<string, string> Prompts() => RealModels.Entries("greedy.json", "prompts", entry => entry.GetProperty("name").GetString()!);

    public static TheoryData<string, string> Processed() => RealModels.Entries("greedy.json", "processed", entry => JsonSerializer.Serialize(entry.GetProperty("options")));

    public static TheoryData<string> Batches() => RealModels.Cases("batch.json");

    public static TheoryData<string, string> Beams() => RealModels.Entries("beams.json", "cases", entry => JsonSerializer.Serialize(entry.GetProperty("options")));

    public static TheoryData<string> Words() => RealModels.Cases("words.json");

    public static TheoryData<string> Sequence() => RealModels.Cases("golden.json");

    [SkippableTheory]
    [Trait("Category", "Long")]
    [MemberData(nameof(Prompts))]
    public void Greedy_continuation_is_the_same_token_by_token(string file, string prompt) =>
        AssertContinuation(file, RealModels.Entry(file, "prompts", prompt), (model, ids, count, mayEnd) =>
            model.Llm.GenerateFromIds([ids], new GenerationOptions { DoSample = false, MaxNewTokens = mayEnd ? count + 8 : count })[0]);

    [SkippableTheory]
    [Trait("Category", "Long")]
    [MemberData(nameof(Processed))]
    public void Greedy_continuation_with_processors_is_the_same(string file, string prompt)
    {
        JsonElement entry = RealModels.Entry(file, "processed", prompt);
        AssertContinuation(file, entry, (model, ids, count, _) => model.Generate(ids, With(entry.GetProperty("options"), "max_new_tokens", count))[0]);
    }

    [SkippableTheory]
    [Trait("Category", "Long")]
    [MemberData(nameof(Batches))]
    public void A_batch_gives_each_row_what_it_gets_alone(string file)
    {
        JsonElement golden = RealModels.Json(file);
        RealModel model = models.Of(file);
        JsonElement[] alone = [.. golden.GetProperty("alone").EnumerateArray()];
        int[][] prompts = [.. golden.GetProperty("texts").Texts().Select(text => model.Llm.Tokenizer.EncodeIds(text))];
        Assert.Equal(alone.Select(row => row.GetProperty("prompt_ids").Ints()), prompts);
        int count = golden.GetProperty("new_ids").EnumerateArray().Max(row => row.GetArrayLength());
        GenerationOptions options = new() { DoSample = false, MaxNewTokens = count };
        IReadOnlyList<Completion> together = model.Llm.GenerateFromIds(prompts, options);
        for (int r = 0; r < prompts.Length; r++)
        {
            Completion single = model.Llm.GenerateFromIds([prompts[r]], options)[0];
            if (alone[r].GetProperty("smallest_margin").GetDouble() < SafeMargin)
                continue;
            Assert.Equal(alone[r].GetProperty("new_ids").Ints(), single.Tokens);
            Assert.Equal(single.Tokens, together[r].Tokens);
            if (golden.GetProperty("same_as_alone")[r].GetBoolean())
                Assert.Equal(golden.GetProperty("new_ids")[r].Ints()[..single.Tokens.Count], single.Tokens);
        }
    }

    [SkippableTheory]
    [MemberData(nameof(Beams))]
    public void Beams_are_the_same(string file, string prompt)
    {
        JsonElement entry = RealModels.Entry(file, "cases", prompt);
        RealModel model = models.Of(file);
        IReadOnlyList<Completion> found = model.Generate(model.PromptIds(entry), entry.GetProperty("options"));
        int[][] sequences = [.. entry.GetProperty("sequences").EnumerateArray().Select(ids => ids.Ints())];
        AssertBeams(prompt, sequences, [.. entry.GetProperty("sequences_scores").EnumerateArray().Select(score => score.GetDouble())], found, 1e-3);
        Assert.Equal(entry.GetProperty("texts").EnumerateArray().Select(text => text.GetString()), found.Select(completion => completion.Text));
    }

    /// <summary>An encoder–decoder without a tokenizer: ids in, ids out, the token that starts the decoder in front.</summary>
    [SkippableTheory]
    [MemberData(nameof(Words))]
    public void Every_word_becomes_what_the_reference_makes_of_it(string file)
    {
        JsonElement[] rows = [.. RealModels.Json(file).GetProperty("rows").EnumerateArray()];
        RealModel model = models.Of(file);
        int compared = 0;
        foreach (JsonElement[] chunk in rows.Chunk(50))
        {
            IReadOnlyList<Completion> found = model.Llm.GenerateFromIds(
                [.. chunk.Select(row => row.GetProperty("ids").Ints())], new GenerationOptions { DoSample = false, MaxNewTokens = 40 });
            foreach ((JsonElement row, Completion completion) in chunk.Zip(found))
            {
                if (row.GetProperty("margin").GetDouble() <= SafeMargin)
                    continue;
                string word = row.GetProperty("word").GetString()!;
                Assert.Null(TokenizerGoldens.Difference(word, row.GetProperty("greedy").Ints()[1..], completion.Tokens));
                compared++;
            }
        }

        Assert.Equal(rows.Count(row => row.GetProperty("margin").GetDouble() > SafeMargin), compared);
    }

    /// <summary>The same with texts: two alphabets of the configuration become two tokenizers that are given to the model.</summary>
    [SkippableTheory]
    [MemberData(nameof(Words))]
    public void Every_word_becomes_the_same_text_through_tokenizers_of_its_alphabets(string file)
    {
        JsonElement[] rows = [.. RealModels.Json(file).GetProperty("rows").EnumerateArray()];
        string folder = Path.GetDirectoryName(Path.GetDirectoryName(RealModels.PathOf(file)))!;
        JsonElement config = Pretrained.ReadConfig(folder);
        string? letters = config.Optional("grapheme_chars"), sounds = config.Optional("phoneme_chars");
        Skip.If(letters is null || sounds is null, "the configuration has no alphabets");
        PretrainedTokenizer reader = new Alphabet(letters).Tokenizer;
        using Llm llm = Llm.Load(folder, new LoadOptions { Tokenizer = reader, AnswerTokenizer = new Alphabet(sounds).Tokenizer, Device = ModelFixture.Device });
        JsonElement[] sure = [.. rows.Where(row => row.GetProperty("margin").GetDouble() > SafeMargin)];
        Assert.NotEmpty(sure);
        string[] words = [.. sure.Select(row => row.GetProperty("word").GetString()!)];
        Assert.Equal(sure.Select(row => row.GetProperty("ids").Ints()), words.Select(word => reader.EncodeIds(word)));
        IEnumerable<string> found = llm.Generate(words, new GenerationOptions { DoSample = false, MaxNewTokens = 40 }).Select(completion => completion.Text);
        Assert.Equal(sure.Select(row => row.GetProperty("text").GetString()!), found);
    }

    [SkippableTheory]
    [MemberData(nameof(Words))]
    public void Beams_of_words_are_the_same(string file)
    {
        JsonElement[] rows = [.. RealModels.Json(file).GetProperty("rows").EnumerateArray().Where(row => row.TryGetProperty("beams4", out _))];
        Skip.If(rows.Length == 0, "the file has no beams");
        RealModel model = models.Of(file);
        foreach (JsonElement[] chunk in rows.Chunk(20))
        {
            int returned = chunk[0].GetProperty("beams4").GetArrayLength();
            IReadOnlyList<Completion> found = model.Llm.GenerateFromIds(
                [.. chunk.Select(row => row.GetProperty("ids").Ints())],
                new GenerationOptions { DoSample = false, MaxNewTokens = 40, NumBeams = 4, NumReturnSequences = returned });
            for (int r = 0; r < chunk.Length; r++)
            {
                int[][] sequences = [.. chunk[r].GetProperty("beams4").EnumerateArray().Select(ids => ids.Ints()[1..])];
                AssertBeams(chunk[r].GetProperty("word").GetString()!, sequences,
                    [.. chunk[r].GetProperty("beam_scores").EnumerateArray().Select(score => score.GetDouble())], [.. found.Skip(r * returned).Take(returned)], 1e-4);
            }
        }
    }

    /// <summary>One greedy sequence, prompt included, and the first logits behind the prompt.</summary>
    [SkippableTheory]
    [MemberData(nameof(Sequence))]
    public void The_one_golden_sequence_is_the_same(string file)
    {
        JsonElement golden = RealModels.Json(file);
        RealModel model = models.Of(file);
        int[] prompt = golden.GetProperty("prompt_ids").Ints(), sequence = golden.GetProperty("greedy_ids").Ints();
        Completion found = model.Llm.GenerateFromIds([prompt], new GenerationOptions { DoSample = false, MaxNewTokens = sequence.Length - prompt.Length })[0];
        Assert.Equal(sequence, prompt.Concat(found.Tokens));

        using DisposeScope scope = NewDisposeScope();
        using var noGrad = no_grad();
        double[] logits = [.. golden.GetProperty("bos_logits_first16").EnumerateArray().Select(value => value.GetDouble())];
        using Batch batch = new(Sequences.FromRows([prompt], device: ModelFixture.Device));
        Tensor last = model.Llm.Model.Logits(batch)[0][prompt.Length - 1].narrow(0, 0, logits.Length);
        Assert.InRange(last.sub(tensor(logits, ScalarType.Float32, last.device)).abs().max().Number(), 0, 1e-4);
    }

    /// <summary>Sequences may be filled up behind their end; where two scores are as good as equal, their order is a matter of rounding.</summary>
    private static void AssertBeams(string what, int[][] sequences, double[] scores, IReadOnlyList<Completion> found, double tolerance)
    {
        Assert.Equal(sequences.Length, found.Count);
        for (int i = 0; i < sequences.Length; i++)
        {
            Assert.InRange(found[i].SequenceScore!.Value, scores[i] - tolerance, scores[i] + tolerance);
            if (Enumerable.Range(0, scores.Length).Any(other => other != i && Math.Abs(scores[other] - scores[i]) < SafeMargin))
                continue;
            Assert.Null(TokenizerGoldens.Difference(what, sequences[i][..Math.Min(found[i].Tokens.Count, sequences[i].Length)], [.. found[i].Tokens]));
            Assert.True(sequences[i].Length == found[i].Tokens.Count || found[i].FinishReason == FinishReason.EndOfSequence, what);
        }
    }

    private void AssertContinuation(string file, JsonElement entry, Func<RealModel, int[], int, bool, Completion> generate)
    {
        RealModel model = models.Of(file);
        int[] want = entry.GetProperty("new_ids").Ints();
        double[] margins = [.. entry.GetProperty("margins").EnumerateArray().Select(margin => margin.GetDouble())];
        bool? ends = entry.TryGetProperty("ended_with_eos", out JsonElement ended) ? ended.GetBoolean() : null;
        Completion found = generate(model, model.PromptIds(entry), want.Length, ends == true);

        int sure = Array.FindIndex(margins, margin => margin < SafeMargin) is var open && open < 0 ? want.Length : open;
        Assert.Null(TokenizerGoldens.Difference("tokens", want[..sure], [.. found.Tokens.Take(sure)]));
        if (sure < want.Length)
            return;
        Assert.Equal(want.Length, found.Tokens.Count);
        Assert.Equal(entry.GetProperty("new_text").GetString(), found.Text);
        if (ends is not null)
            Assert.Equal(ends, found.FinishReason == FinishReason.EndOfSequence);
    }

    private static JsonElement With(JsonElement settings, string key, int value)
    {
        Dictionary<string, JsonElement> all = settings.EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value);
        all[key] = JsonSerializer.SerializeToElement(value);
        return JsonSerializer.SerializeToElement(all);
    }
}
