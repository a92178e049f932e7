using System.Text.Json;

namespace LlmCourse.Generation;

/// <summary>
/// What a checkpoint says about how to generate: its generation_config.json, or, in old checkpoints, the same keys in config.json.
/// Reading never fails: what is not supported or not valid is kept as <see cref="Refusals"/> until somebody generates.
/// </summary>
internal sealed record GenerationDefaults
{
    public static GenerationDefaults None { get; } = new();

    public int? MaxNewTokens { get; init; }
    public int? MaxLength { get; init; }
    public int? MinNewTokens { get; init; }
    public int? MinLength { get; init; }
    public bool? DoSample { get; init; }
    public double? Temperature { get; init; }
    public int? TopK { get; init; }
    public double? TopP { get; init; }
    public double? RepetitionPenalty { get; init; }
    public IReadOnlyList<int>? EosTokenIds { get; init; }
    public int? BosTokenId { get; init; }
    public int? PadTokenId { get; init; }
    public int? DecoderStartTokenId { get; init; }
    public int? ForcedBosTokenId { get; init; }
    public IReadOnlyList<int>? ForcedEosTokenIds { get; init; }
    public IReadOnlyList<string>? StopStrings { get; init; }
    public double? MinP { get; init; }
    public double? TypicalP { get; init; }
    public double? EpsilonCutoff { get; init; }
    public double? EtaCutoff { get; init; }
    public double? TopH { get; init; }
    public int? NoRepeatNGramSize { get; init; }
    public double? GuidanceScale { get; init; }
    public int? NumBeams { get; init; }
    public int? NumReturnSequences { get; init; }

    /// <summary>How beams are compared.</summary>
    public BeamOptions Beams { get; init; } = new();

    /// <summary>The rules about single tokens.</summary>
    public TokenRules Rules { get; init; } = new();

    /// <summary>The keys that make generating impossible until the caller overrides them.</summary>
    public IReadOnlyList<DefaultRefusal> Refusals { get; init; } = [];

    // What this was read from: to be read again without some of its keys.
    private (JsonElement? GenerationConfig, JsonElement? Config) Source { get; init; }

    /// <summary>Reads the defaults of a checkpoint.</summary>
    /// <param name="generationConfig">The content of generation_config.json; null where there is no such file.</param>
    /// <param name="config">The content of config.json; null where there is none.</param>
    public static GenerationDefaults Parse(JsonElement? generationConfig, JsonElement? config = null) => Parse(generationConfig, config, []);

    /// <summary>The same as if some keys were not in the files.</summary>
    public GenerationDefaults Without(IReadOnlyCollection<string> keys) =>
        keys.Count == 0 || Source is (null, null) ? this : Parse(Source.GenerationConfig, Source.Config, keys);

    private static GenerationDefaults Parse(JsonElement? generationConfig, JsonElement? config, IReadOnlyCollection<string> ignored)
    {
        GenerationConfigReader model = new(config, "config.json", ignored);
        GenerationConfigReader own = generationConfig is null ? model : new(generationConfig, "generation_config.json", ignored);
        return new GenerationDefaults
        {
            MaxNewTokens = own.Integer("max_new_tokens", 1, options => options.MaxNewTokens ?? options.MaxLength),
            MaxLength = own.Integer("max_length", 1, options => options.MaxNewTokens ?? options.MaxLength),
            MinNewTokens = own.Integer("min_new_tokens", 0, options => options.MinNewTokens),
            MinLength = own.Integer("min_length", 0, options => options.MinLength),
            DoSample = own.Flag("do_sample", options => options.Samples),
            Temperature = own.Number("temperature", GenerationOptions.IsTemperature, options => options.Temperature, DefaultScope.Sampling),
            TopK = own.Integer("top_k", 0, options => options.TopK, DefaultScope.Sampling),
            TopP = own.Number("top_p", GenerationOptions.IsTopP, options => options.TopP, DefaultScope.Sampling),
            RepetitionPenalty = own.Number("repetition_penalty", GenerationOptions.IsPenalty, options => options.RepetitionPenalty),
            MinP = own.Number("min_p", GenerationOptions.IsShare, options => options.MinP, DefaultScope.Sampling),
            TypicalP = own.Number("typical_p", GenerationOptions.IsTopP, options => options.TypicalP, DefaultScope.Sampling),
            EpsilonCutoff = own.Number("epsilon_cutoff", GenerationOptions.IsCutoff, options => options.EpsilonCutoff, DefaultScope.Sampling),
            EtaCutoff = own.Number("eta_cutoff", GenerationOptions.IsCutoff, options => options.EtaCutoff, DefaultScope.Sampling),
            TopH = own.Number("top_h", GenerationOptions.IsTopP, options => options.TopH, DefaultScope.Sampling),
            NoRepeatNGramSize = own.Integer("no_repeat_ngram_size", 0, options => options.NoRepeatNGramSize),
            GuidanceScale = own.Number("guidance_scale", double.IsFinite, options => options.Guidance?.Scale),
            NumBeams = own.Integer("num_beams", 1, options => options.NumBeams),
            NumReturnSequences = own.Integer("num_return_sequences", 1, options => options.NumReturnSequences),
            Beams = new BeamOptions
            {
                LengthPenalty = own.Number("length_penalty", double.IsFinite, options => options.Beams?.LengthPenalty, DefaultScope.Beams),
                EarlyStopping = own.EarlyStopping("early_stopping", options => options.Beams?.EarlyStopping),
            },
            Rules = RulesOf(own),
            ForcedBosTokenId = own.TokenId("forced_bos_token_id", options => options.ForcedBosTokenId)
                // What BART's first checkpoints say; transformers reads it in config.json only.
                ?? (generationConfig is null && own.Flag("force_bos_token_to_be_generated", options => options.ForcedBosTokenId) == true ? own.TokenId("bos_token_id") : null),
            ForcedEosTokenIds = own.TokenIds("forced_eos_token_id", options => options.ForcedEosTokenIds),
            StopStrings = own.Texts("stop_strings", options => options.StopStrings),

            // transformers never stops where generation_config.json exists without an end of sequence; falling back is kinder.
            EosTokenIds = own.TokenIds("eos_token_id", options => options.EosTokenIds) ?? model.TokenIds("eos_token_id", options => options.EosTokenIds),
            BosTokenId = own.TokenId("bos_token_id") ?? model.TokenId("bos_token_id"),
            PadTokenId = own.TokenId("pad_token_id") ?? model.TokenId("pad_token_id"),
            DecoderStartTokenId = own.TokenId("decoder_start_token_id") ?? model.TokenId("decoder_start_token_id"),
            Source = (generationConfig, config),
            Refusals = [.. own.Unsupported(), .. own.Malformed.Union(model.Malformed)],
        };
    }

    private static TokenRules RulesOf(GenerationConfigReader own) => new()
    {
        BadWordsIds = own.Sequences("bad_words_ids", options => options.Rules?.BadWordsIds),
        SequenceBias = own.Biases("sequence_bias", options => options.Rules?.SequenceBias),
        SuppressTokens = own.TokenIds("suppress_tokens", options => options.Rules?.SuppressTokens),
        BeginSuppressTokens = own.TokenIds("begin_suppress_tokens", options => options.Rules?.BeginSuppressTokens),
        EncoderRepetitionPenalty = own.Number("encoder_repetition_penalty", GenerationOptions.IsPenalty, options => options.Rules?.EncoderRepetitionPenalty),
        EncoderNoRepeatNGramSize = own.Integer("encoder_no_repeat_ngram_size", 0, options => options.Rules?.EncoderNoRepeatNGramSize),
        ExponentialDecayLengthPenalty = own.Decay("exponential_decay_length_penalty", options => options.Rules?.ExponentialDecayLengthPenalty),
        RemoveInvalidValues = own.Flag("remove_invalid_values", options => options.Rules?.RemoveInvalidValues),
        RenormalizeLogits = own.Flag("renormalize_logits", options => options.Rules?.RenormalizeLogits),
    };
}
