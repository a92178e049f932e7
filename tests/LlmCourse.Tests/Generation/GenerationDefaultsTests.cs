using System.Text.Json;
using LlmCourse.Generation;

namespace LlmCourse.Tests.Generation;

public sealed class GenerationDefaultsTests
{
    /// <summary>What facebook/bart-large-cnn asks for.</summary>
    private const string Summariser = """
        { "num_beams": 4, "no_repeat_ngram_size": 3, "length_penalty": 2.0, "early_stopping": true, "max_length": 142, "min_length": 56,
          "forced_bos_token_id": 0, "forced_eos_token_id": 2, "decoder_start_token_id": 2, "eos_token_id": 2, "pad_token_id": 1 }
        """;

    [Fact]
    public void A_summariser_s_defaults_are_followed()
    {
        ResolvedGeneration settings = ResolvedGeneration.From(null, Parse(Summariser), 100);
        Assert.Equal((4, 2.0, EarlyStopping.True, 1), (settings.Beams, settings.LengthPenalty, settings.EarlyStopping, settings.Returned));
        Assert.Equal((3, 142, 56), (settings.NoRepeatNGramSize, settings.MaxLengthFor(1), settings.MinLengthFor(1)));
        Assert.Equal(0, settings.ForcedBosTokenId);
        Assert.Equal([2], settings.ForcedEosTokenIds);
        ResolvedGeneration caller = ResolvedGeneration.From(
            new() { NumBeams = 2, NoRepeatNGramSize = 0, Beams = new() { EarlyStopping = EarlyStopping.Never } }, Parse(Summariser), 100);
        Assert.Equal((2, 0, 2.0, EarlyStopping.Never), (caller.Beams, caller.NoRepeatNGramSize, caller.LengthPenalty, caller.EarlyStopping));
        ResolvedGeneration without = ResolvedGeneration.From(new() { IgnoredDefaults = ["num_beams", "max_length"] }, Parse(Summariser), 100);
        Assert.Equal((1, 3, 257), (without.Beams, without.NoRepeatNGramSize, without.MaxLengthFor(1)));
    }

    [Fact]
    public void Old_words_for_the_first_token_count_where_config_json_is_asked()
    {
        JsonElement config = JsonDocument.Parse("""{ "force_bos_token_to_be_generated": true, "bos_token_id": 7 }""").RootElement;
        Assert.Equal(7, GenerationDefaults.Parse(null, config).ForcedBosTokenId);
        Assert.Null(GenerationDefaults.Parse(JsonDocument.Parse("{}").RootElement, config).ForcedBosTokenId);
        Assert.Null(GenerationDefaults.Parse(null, JsonDocument.Parse("""{ "force_bos_token_to_be_generated": false, "bos_token_id": 7 }""").RootElement).ForcedBosTokenId);
    }

    [Fact]
    public void Every_rule_is_read()
    {
        ResolvedGeneration settings = ResolvedGeneration.From(null, Parse("""
            { "do_sample": true, "min_p": 0.1, "typical_p": 0.5, "epsilon_cutoff": 0.01, "eta_cutoff": 0.02, "top_h": 0.4, "guidance_scale": 1.5, "num_return_sequences": 3,
              "bad_words_ids": [[5], [2], [6, 7], [100]], "sequence_bias": [[[1, 2], -3.5], [[4], "-inf"], [[1, 2], 2]], "suppress_tokens": [8, 100], "begin_suppress_tokens": [9],
              "encoder_repetition_penalty": 1.2, "encoder_no_repeat_ngram_size": 2, "exponential_decay_length_penalty": [5, 1.1], "remove_invalid_values": true,
              "renormalize_logits": true, "eos_token_id": 2 }
            """), 100);
        Assert.Equal((0.1, 0.5, 0.01, 0.02, 0.4), (settings.MinP, settings.TypicalP, settings.EpsilonCutoff, settings.EtaCutoff, settings.TopH));
        Assert.Equal((1.5, 3, 1.2, 2), (settings.GuidanceScale, settings.Returned, settings.EncoderRepetitionPenalty, settings.EncoderNoRepeatNGramSize));
        Assert.Equal([[5], [6, 7]], settings.BadWordsIds); // an end of sequence alone is no bad word; an unknown token none that could come
        Assert.Equal(["1,2: 2", "4: -Infinity"], settings.SequenceBias.Select(entry => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{string.Join(',', entry.Tokens)}: {entry.Bias}")));
        Assert.Equal([8], settings.SuppressTokens);
        Assert.Equal([9], settings.BeginSuppressTokens);
        Assert.Equal(new ExponentialDecay(5, 1.1), settings.ExponentialDecay);
        Assert.True(settings.RemoveInvalidValues && settings.RenormalizeLogits);

        // More completions than one is nothing a greedy search could give: the model's wish is for sampling.
        Assert.Equal(1, ResolvedGeneration.From(new() { Temperature = 0 }, Parse("""{ "do_sample": true, "num_return_sequences": 3 }"""), 100).Returned);
    }

    [Fact]
    public void What_is_not_supported_is_refused_when_generating_with_every_key_and_value()
    {
        GenerationDefaults defaults = Parse("""{ "num_beams": 4, "num_beam_groups": 2, "penalty_alpha": 0.6, "length_penalty": 2.0 }""");
        string message = Assert.Throws<UnsupportedDefaultException>(() => ResolvedGeneration.From(null, defaults, 100)).Message;
        Assert.Contains("num_beam_groups = 2", message, StringComparison.Ordinal);
        Assert.Contains("penalty_alpha = 0.6", message, StringComparison.Ordinal);
        Assert.DoesNotContain("length_penalty", message, StringComparison.Ordinal);
        Assert.DoesNotContain("num_beam_groups", Assert.Throws<UnsupportedDefaultException>(() => ResolvedGeneration.From(new() { NumBeams = 1 }, defaults, 100)).Message, StringComparison.Ordinal);
        ResolvedGeneration.From(new() { IgnoredDefaults = ["num_beam_groups", "penalty_alpha"] }, defaults, 100);
    }

    [Theory]
    [InlineData("""{ "bad_words_ids": [5] }""", "bad_words_ids = [5]")]
    [InlineData("""{ "bad_words_ids": [[]] }""", "bad_words_ids = [[]]")]
    [InlineData("""{ "suppress_tokens": "x" }""", "suppress_tokens = \"x\"")]
    [InlineData("""{ "sequence_bias": [[[1], null]] }""", "sequence_bias = [[[1], null]]")]
    [InlineData("""{ "exponential_decay_length_penalty": [1] }""", "exponential_decay_length_penalty = [1]")]
    [InlineData("""{ "encoder_repetition_penalty": 0 }""", "encoder_repetition_penalty = 0")]
    [InlineData("""{ "num_beams": 2, "early_stopping": "soon" }""", "early_stopping = \"soon\"")]
    [InlineData("""{ "constraints": [1] }""", "constraints = [1]")]
    [InlineData("""{ "do_sample": true, "min_p": 1.1 }""", "min_p = 1.1")]
    [InlineData("""{ "do_sample": true, "typical_p": 1.5 }""", "typical_p = 1.5")]
    [InlineData("""{ "max_length": "many" }""", "max_length = \"many\"")]
    [InlineData("""{ "max_new_tokens": 0 }""", "max_new_tokens = 0")]
    [InlineData("""{ "max_new_tokens": 1e99 }""", "max_new_tokens = 1e99")]
    [InlineData("""{ "eos_token_id": ["</s>"] }""", "eos_token_id = [\"</s>\"]")]
    [InlineData("""{ "do_sample": true, "top_p": 1.5 }""", "top_p = 1.5")]
    [InlineData("""{ "do_sample": 1 }""", "do_sample = 1")]
    [InlineData("[1]", "generation_config.json: a Array")]
    public void Reading_never_fails_and_generating_names_the_trouble(string json, string expected)
    {
        GenerationDefaults defaults = Parse(json);
        UnsupportedDefaultException error = Assert.Throws<UnsupportedDefaultException>(() => ResolvedGeneration.From(null, defaults, 100));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "num_beams": 1, "no_repeat_ngram_size": 0, "bad_words_ids": null, "suppress_tokens": [], "guidance_scale": 1.0, "remove_invalid_values": false }""")]
    [InlineData("""{ "do_sample": false, "min_p": 1.1, "top_p": 1.5, "typical_p": 1.5, "temperature": -1, "early_stopping": "soon", "num_beam_groups": 2 }""")]
    [InlineData("""{ "use_cache": true, "transformers_version": "5", "_from_model_config": true, "something_new": 3 }""")]
    [InlineData("{}")]
    public void What_changes_nothing_is_tolerated(string json) => ResolvedGeneration.From(null, Parse(json), 100);

    [Theory]
    [InlineData("""{ "max_length": "many" }""")]
    [InlineData("""{ "do_sample": true, "top_p": 1.5, "top_k": -3, "temperature": "hot" }""")]
    [InlineData("""{ "eos_token_id": [-7] }""")]
    public void The_caller_s_value_overrides_an_invalid_one(string json) => ResolvedGeneration.From(
        new() { MaxNewTokens = 3, Temperature = 0.5, TopP = 0.9, TopK = 5, EosTokenIds = [1] }, Parse(json), 100);

    [Theory]
    [InlineData("""{ "eos_token_id": [2, 5, 7] }""", """{ "eos_token_id": 2 }""", new[] { 2, 5, 7 })]
    [InlineData("""{ "eos_token_id": 5 }""", """{ "eos_token_id": [2, 3] }""", new[] { 5 })]
    [InlineData("""{ "pad_token_id": 0 }""", """{ "eos_token_id": 2 }""", new[] { 2 })]
    [InlineData("""{ "eos_token_id": null }""", """{ "eos_token_id": [2, 3] }""", new[] { 2, 3 })]
    [InlineData(null, """{ "eos_token_id": [2, 3] }""", new[] { 2, 3 })]
    public void The_list_of_the_generation_config_wins_and_the_config_fills_in(string? generationConfig, string config, int[] expected) =>
        Assert.Equal(expected, Parse(generationConfig, config).EosTokenIds);

    [Fact]
    public void Old_checkpoints_have_the_keys_in_config_json()
    {
        const string config = """{ "model_type": "bart", "num_beams": 4, "max_length": 142, "decoder_start_token_id": 2, "pad_token_id": -1 }""";
        GenerationDefaults old = Parse(null, config);
        Assert.Equal((142, 2), (old.MaxLength, old.DecoderStartTokenId));
        Assert.Null(old.PadTokenId);
        Assert.Equal(4, ResolvedGeneration.From(null, old, 100).Beams);

        // Where there is a generation_config.json, only the special tokens of config.json count.
        GenerationDefaults both = Parse("{}", config);
        Assert.Null(both.MaxLength);
        Assert.Equal(2, both.DecoderStartTokenId);
        Assert.Equal(1, ResolvedGeneration.From(null, both, 100).Beams);
    }

    private static GenerationDefaults Parse(string? generationConfig, string? config = null) =>
        GenerationDefaults.Parse(Json(generationConfig), Json(config));

    private static JsonElement? Json(string? text) => text is null ? null : JsonSerializer.Deserialize<JsonElement>(text);
}
