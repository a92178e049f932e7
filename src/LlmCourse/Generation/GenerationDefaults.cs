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

    /// <summary>The keys that make generating impossible until the caller overrides them.</summary>
    public IReadOnlyList<DefaultRefusal> Refusals { get; init; } = [];

    /// <summary>Reads the defaults of a checkpoint.</summary>
    /// <param name="generationConfig">The content of generation_config.json; null where there is no such file.</param>
    /// <param name="config">The content of config.json; null where there is none.</param>
    public static GenerationDefaults Parse(JsonElement? generationConfig, JsonElement? config = null)
    {
        GenerationConfigReader model = new(config, "config.json");
        GenerationConfigReader own = generationConfig is null ? model : new(generationConfig, "generation_config.json");
        return new GenerationDefaults
        {
            MaxNewTokens = own.Integer("max_new_tokens", 1, options => options.MaxNewTokens ?? options.MaxLength),
            MaxLength = own.Integer("max_length", 1, options => options.MaxNewTokens ?? options.MaxLength),
            MinNewTokens = own.Integer("min_new_tokens", 0, options => options.MinNewTokens),
            MinLength = own.Integer("min_length", 0, options => options.MinLength),
            DoSample = own.Flag("do_sample", options => options.Samples),
            Temperature = own.Number("temperature", GenerationOptions.IsTemperature, options => options.Temperature),
            TopK = own.Integer("top_k", 0, options => options.TopK, samplingOnly: true),
            TopP = own.Number("top_p", GenerationOptions.IsTopP, options => options.TopP),
            RepetitionPenalty = own.Number("repetition_penalty", GenerationOptions.IsPenalty, options => options.RepetitionPenalty, samplingOnly: false),
            ForcedBosTokenId = own.TokenId("forced_bos_token_id", options => options.ForcedBosTokenId),
            ForcedEosTokenIds = own.TokenIds("forced_eos_token_id", options => options.ForcedEosTokenIds),
            StopStrings = own.Texts("stop_strings", options => options.StopStrings),

            // transformers never stops where generation_config.json exists without an end of sequence; falling back is kinder.
            EosTokenIds = own.TokenIds("eos_token_id", options => options.EosTokenIds) ?? model.TokenIds("eos_token_id", options => options.EosTokenIds),
            BosTokenId = own.TokenId("bos_token_id") ?? model.TokenId("bos_token_id"),
            PadTokenId = own.TokenId("pad_token_id", options => options.PadTokenId) ?? model.TokenId("pad_token_id", options => options.PadTokenId),
            DecoderStartTokenId = own.TokenId("decoder_start_token_id") ?? model.TokenId("decoder_start_token_id"),
            Refusals = [.. own.Unsupported(), .. own.Malformed.Union(model.Malformed)],
        };
    }
}
